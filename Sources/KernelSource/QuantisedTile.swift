import CIntrinsics

/// R groups of 16 rows times T tokens of a quantised matrix: one output row per lane, so that nothing is
/// ever summed across lanes and every output is one chain of fused multiply-adds over the blocks.
///
/// On AVX-512 2 x 16 x 6 holds 12 integer and 12 float accumulators in 32 registers and issues 96 dot
/// products per block for 24 fused multiply-adds; one group more or one token more spills.
struct QuantisedTile<let R: Int, let T: Int> {
  typealias Floats = InlineArray<R, InlineArray<T, f32x16>>
  typealias Sums = InlineArray<R, InlineArray<T, i32x16>>

  /// `prefetch`: bytes ahead of the stream to ask for, 0 for none.
  @inline(__always)
  static func run(
    _ weights: UnsafeRawPointer, _ groupStride: Int, _ records: UnsafeRawPointer, _ blocks: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ format: Int, _ prefetch: Int
  ) {
    var f = Floats(repeating: InlineArray<T, f32x16>(repeating: f32x16(repeating: 0)))
    var w = weights
    var a = records
    var n = blocks
    while n > 0 {
      if prefetch != 0 {
        var line = 0
        while line < recordBytes(format) {
          ci_prefetch(w + (prefetch &+ line))
          line &+= 64
        }
      }
      for half in 0..<2 {
        var i = Sums(repeating: InlineArray<T, i32x16>(repeating: i32x16(repeating: 0)))
        for t in 0..<T {
          let start = splatInt32(a, 32 &* T &+ 4 &* t)
          for r in 0..<R { i[r][t] = start }
        }
        let body = recordHeader &+ half &* blockBytes(format)
        if format == CI_Q4_0 {
          for j in 0..<4 {
            for r in 0..<R {
              let both = bytes(w, groupStride &* r &+ body &+ 64 &* j)
              let low = ci_low_nibbles(both)
              let high = ci_high_nibbles(both)
              for t in 0..<T {
                i[r][t] = ci_dot4(i[r][t], low, splatInt32(a, 32 &* t &+ 4 &* j))
                i[r][t] = ci_dot4(i[r][t], high, splatInt32(a, 32 &* t &+ 16 &+ 4 &* j))
              }
            }
          }
        } else {
          for j in 0..<8 {
            for t in 0..<T {
              let x = splatInt32(a, 32 &* t &+ 4 &* j)
              for r in 0..<R {
                i[r][t] = ci_dot8(i[r][t], bytes(w, groupStride &* r &+ body &+ 64 &* j), x)
              }
            }
          }
        }
        for t in 0..<T {
          let scale = splatFloat(a, 36 &* T &+ 4 &* t)
          let bias = splatFloat(a, 40 &* T &+ 4 &* t)
          for r in 0..<R {
            let dot = ci_fma(unsafeBitCast(i[r][t], to: f32x16.self), scale, bias)
            f[r][t] = ci_fma(dot, ci_f16(w + (groupStride &* r &+ 32 &* half)), f[r][t])
          }
        }
        a += 44 &* T
      }
      w += recordBytes(format)
      n &-= 2
    }
    for t in 0..<T {
      for r in 0..<R { store(f[r][t], output, t &* outputStride &+ 16 &* r) }
    }
  }
}
