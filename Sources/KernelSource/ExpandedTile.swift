import CIntrinsics

/// Pointers into the activation records of one tile, or of some of its tokens, and the step to the next
/// 32 columns.
struct ActivationTile {
  var values: UnsafeRawPointer
  var scales: UnsafeRawPointer
  var biases: UnsafeRawPointer
  var fields: UnsafeRawPointer
  /// Bytes between the fields of one kind: 4 for each token of the tile.
  let fieldStride: Int
  let step: Int

  /// `tokens`: of the whole tile, which `records` is; `token`: the first one wanted.
  @inline(__always)
  init(_ records: UnsafeRawPointer, _ job: ci_matmul, tokens: Int, from token: Int) {
    values = records + 32 &* token
    scales = records + (32 &* tokens &+ 4 &* token)
    biases = scales + 4 &* tokens
    fields = biases + 4 &* tokens &* (1 &+ ci_fields_before(job.format, job.fields))
    fieldStride = 4 &* tokens
    step = tokens &* ci_token_bytes(job.fields)
  }

  @inline(__always)
  mutating func advance() {
    values += step
    scales += step
    biases += step
    fields += step
  }
}

/// Pointers to the expanded weights of R groups.
struct ExpandedWeights {
  var values: UnsafeRawPointer
  var scales: UnsafeRawPointer
  /// Bytes from one group of 16 rows to the next.
  let valueStride: Int
  let scaleStride: Int
  /// Bytes from one pair of blocks to the next: 1024, or the record of Q8_0, which is used in place.
  let pairStep: Int
}

/// R groups of 16 rows times T tokens of expanded weights: one output row per lane, so that nothing is
/// ever summed across lanes and every output is one chain of fused multiply-adds over the blocks.
///
/// On AVX-512 2 x 16 x 6 holds 12 integer and 12 float accumulators in 32 registers and issues 96 dot
/// products per block beside 24 fused multiply-adds (Q4_0, Q8_0), 36 (Q4_K) or 48 (Q6_K), which bounds it
/// to 80, 73 and 67 % of the peak; one group more or one token more spills.
struct ExpandedTile<Kind: TileKind, let R: Int, let T: Int> {
  typealias Floats = InlineArray<R, InlineArray<T, f32x16>>
  typealias Sums = InlineArray<R, InlineArray<T, i32x16>>

  @inline(__always)
  static func run(
    _ weights: ExpandedWeights, _ activations: ActivationTile, _ blocks: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
  ) {
    var f = Floats(repeating: InlineArray<T, f32x16>(repeating: f32x16(repeating: 0)))
    var w = weights
    var x = activations
    var n = blocks
    while n > 0 {
      for half in 0..<2 {
        for part in 0..<Kind.parts { addPart(w, x, 512 &* half, part, &f) }
        w.scales += 64 &* Kind.parts &* (Kind.hasAddend ? 2 : 1)
        x.advance()
      }
      w.values += w.pairStep
      n &-= 2
    }
    for t in 0..<T {
      for r in 0..<R { store(f[r][t], output, t &* outputStride &+ 16 &* r) }
    }
  }

  @inline(__always)
  private static func addPart(
    _ w: ExpandedWeights, _ x: ActivationTile, _ block: Int, _ part: Int,
    _ f: inout Floats
  ) {
    var i = Sums(repeating: InlineArray<T, i32x16>(repeating: i32x16(repeating: 0)))
    for t in 0..<T {
      let start =
        Kind.hasOffset
        ? splatInt32(x.fields, part &* x.fieldStride &+ 4 &* t) : ci_splat_int(magicBits)
      for r in 0..<R { i[r][t] = start }
    }
    let first = 4 &* part
    for j in first..<first &+ 8 / Kind.parts {
      for t in 0..<T {
        let four = splatInt32(x.values, 32 &* t &+ 4 &* j)
        for r in 0..<R {
          let quad = bytes(w.values, w.valueStride &* r &+ block &+ 64 &* j)
          i[r][t] = Kind.isWide ? ci_dot8(i[r][t], quad, four) : ci_dot4(i[r][t], quad, four)
        }
      }
    }
    let scales = w.scales + 64 &* part &* (Kind.hasAddend ? 2 : 1)
    for t in 0..<T {
      let scale = splatFloat(x.scales, 4 &* t)
      let bias = splatFloat(x.biases, 4 &* t)
      for r in 0..<R {
        let dot = ci_fma(unsafeBitCast(i[r][t], to: f32x16.self), scale, bias)
        f[r][t] = ci_fma(dot, vector(scales, w.scaleStride &* r), f[r][t])
      }
    }
    guard Kind.hasAddend else { return }
    for t in 0..<T {
      let sum = splatFloat(x.fields, part &* x.fieldStride &+ 4 &* t)
      for r in 0..<R {
        f[r][t] = ci_fma(sum, vector(scales, w.scaleStride &* r &+ 64), f[r][t])
      }
    }
  }

  @inline(__always)
  private static func vector(_ p: UnsafeRawPointer, _ offset: Int) -> f32x16 {
    p.loadUnaligned(fromByteOffset: offset, as: f32x16.self)
  }
}
