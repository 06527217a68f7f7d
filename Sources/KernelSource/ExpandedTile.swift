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
  /// Bytes from one pair of blocks to the next: 1024, or the record of a format that is used in place.
  let pairStep: Int
}

/// R groups of 16 rows times T tokens of expanded weights: one output row per lane, so that nothing is
/// ever summed across lanes and every output is one chain of fused multiply-adds over the blocks.
///
/// On AVX-512 2 x 16 x 6 holds 12 integer and 12 float accumulators in 32 registers and issues 96 dot
/// products per block beside 24 fused multiply-adds (Q4_0, Q8_0), 36 (Q4_K) or 48 (Q6_K), which bounds it
/// to 80, 73 and 67 % of the peak (Zen 5 reaches 75, 67 and 54); one group more or one token more spills. Chains
/// in memory instead of registers were slower (55 % against 61 % on Sapphire Rapids), and so were two blocks
/// unrolled (53 %).
struct ExpandedTile<Kind: TileKind, let R: Int, let T: Int> {
  typealias Sums = InlineArray<R, InlineArray<T, i32x16>>
  typealias Chains = InlineArray<R, InlineArray<T, f32x16>>

  @inline(__always)
  static func run(
    _ weights: ExpandedWeights, _ next: NextWeights, _ activations: ActivationTile, _ blocks: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
  ) {
    var ahead = next
    var chains = Chains(repeating: InlineArray<T, f32x16>(repeating: ci_splat(0)))
    var w = weights
    var x = activations
    var n = blocks
    while n > 0 {
      ahead.prefetch()
      for half in 0..<2 {
        addBlock(w, (Kind.isPacked ? 256 : 512) &* half, x, &chains)
        w.scales += scaleBytes
        x.advance()
      }
      w.values += w.pairStep
      n &-= 2
    }
    for t in 0..<T {
      for r in 0..<R { store(chains[r][t], output, t &* outputStride &+ 16 &* r) }
    }
  }

  /// Bytes that describe a block, and a part of it.
  @inline(__always)
  private static var scaleBytes: Int { Kind.parts &* partBytes }
  @inline(__always)
  private static var partBytes: Int { Kind.hasAddend ? 128 : 64 }

  /// Adds the block whose values begin `block` bytes from where `w` points.
  @inline(__always)
  private static func addBlock(
    _ w: ExpandedWeights, _ block: Int, _ x: ActivationTile, _ chains: inout Chains
  ) {
    let quads = 8 / Kind.parts
    for part in 0..<Kind.parts {
      // Without it loads of later weights move up here and push accumulators out of the registers.
      ci_keep_order()
      var i = Sums(repeating: InlineArray<T, i32x16>(repeating: ci_splat_int(magicBits)))
      if Kind.hasOffset {
        for t in 0..<T {
          let start = splatInt32(x.fields, part &* x.fieldStride &+ 4 &* t)
          for r in 0..<R { i[r][t] = start }
        }
      }
      if Kind.isPacked {
        for j in 0..<4 { addPackedQuads(w, block &+ 64 &* j, x, j, &i) }
      } else {
        for j in quads &* part..<quads &* part &+ quads {
          addQuad(w, block &+ 64 &* j, x, j, &i)
        }
      }
      addSums(i, w.scales + partBytes &* part, w.scaleStride, x, part, &chains)
    }
  }

  /// Adds quad `j`, whose vectors begin `offset` bytes from where `w` points.
  @inline(__always)
  private static func addQuad(
    _ w: ExpandedWeights, _ offset: Int, _ x: ActivationTile, _ j: Int, _ i: inout Sums
  ) {
    for t in 0..<T {
      let four = splatInt32(x.values, 32 &* t &+ 4 &* j)
      for r in 0..<R {
        let quad = bytes(w.values, w.valueStride &* r &+ offset)
        i[r][t] = Kind.isWide ? ci_dot8(i[r][t], quad, four) : ci_dot4(i[r][t], quad, four)
      }
    }
  }

  /// Adds quads `j` and `j + 4`, whose vectors begin `offset` bytes from where `w` points.
  @inline(__always)
  private static func addPackedQuads(
    _ w: ExpandedWeights, _ offset: Int, _ x: ActivationTile, _ j: Int, _ i: inout Sums
  ) {
    var low = InlineArray<R, u8x64>(repeating: u8x64(repeating: 0))
    var high = low
    for r in 0..<R {
      let both = bytes(w.values, w.valueStride &* r &+ offset)
      low[r] = ci_low_nibbles(both)
      high[r] = ci_high_nibbles(both)
    }
    for t in 0..<T {
      let four = splatInt32(x.values, 32 &* t &+ 4 &* j)
      for r in 0..<R { i[r][t] = ci_dot4(i[r][t], low[r], four) }
    }
    for t in 0..<T {
      let four = splatInt32(x.values, 32 &* t &+ 4 &* j &+ 16)
      for r in 0..<R { i[r][t] = ci_dot4(i[r][t], high[r], four) }
    }
  }

  /// The sums of one part of a block, scaled and added to the chains.
  @inline(__always)
  private static func addSums(
    _ i: Sums, _ scales: UnsafeRawPointer, _ scaleStride: Int, _ x: ActivationTile, _ part: Int,
    _ chains: inout Chains
  ) {
    for t in 0..<T {
      let scale = splatFloat(x.scales, 4 &* t)
      let bias = splatFloat(x.biases, 4 &* t)
      for r in 0..<R {
        let dot = ci_fma(unsafeBitCast(i[r][t], to: f32x16.self), scale, bias)
        var chain = ci_fma(dot, vector(scales, scaleStride &* r), chains[r][t])
        if Kind.hasAddend {
          let sum = splatFloat(x.fields, part &* x.fieldStride &+ 4 &* t)
          chain = ci_fma(sum, vector(scales, scaleStride &* r &+ 64), chain)
        }
        chains[r][t] = chain
      }
    }
  }

  @inline(__always)
  private static func vector(_ p: UnsafeRawPointer, _ offset: Int) -> f32x16 {
    p.loadUnaligned(fromByteOffset: offset, as: f32x16.self)
  }
}
