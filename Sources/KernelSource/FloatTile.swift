import CIntrinsics

/// R groups of 16 rows times T tokens of a float matrix, one output row per lane.
///
/// Each output is one chain of fused multiply-adds over the columns. Twelve chains hide the latency of the multiply-add.
struct FloatTile<let R: Int, let T: Int> {
  typealias Floats = InlineArray<R, InlineArray<T, f32x16>>

  @inline(__always)
  static func run(
    _ weights: UnsafeRawPointer, _ groupStride: Int, _ input: UnsafePointer<Float>,
    _ inputStride: Int, _ columns: Int, _ output: UnsafeMutablePointer<Float>, _ outputStride: Int,
    _ format: Int
  ) {
    var f = Floats(repeating: InlineArray<T, f32x16>(repeating: f32x16(repeating: 0)))
    var k = 0
    while k < columns {
      var w = InlineArray<R, f32x16>(repeating: f32x16(repeating: 0))
      for r in 0..<R { w[r] = floats(weights + r &* groupStride, format, k) }
      for t in 0..<T {
        let x = ci_splat(input[t &* inputStride &+ k])
        for r in 0..<R { f[r][t] = ci_fma(w[r], x, f[r][t]) }
      }
      k &+= 1
    }
    for t in 0..<T {
      for r in 0..<R { store(f[r][t], output, t &* outputStride &+ 16 &* r) }
    }
  }
}
