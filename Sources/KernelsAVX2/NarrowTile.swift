import CIntrinsics

/// A group of 16 rows times T tokens of expanded weights: `ExpandedTile` with the products of this
/// instruction set, which multiplies bytes in pairs into 16 bits.
///
/// Q quads at most are added up in 16 bits before they are widened, two instructions for 32 products: a lane
/// adds 2 Q products of at most 127 times the largest weight. That is 30,480 for 8 quads of weights to 15,
/// 31,496 for 4 to 31 and 32,004 for 2 to 63. Weights of 8 bits fill 16 bits with one pair: `ExpandedTile`
/// multiplies them. As words with the activations widened beside them they were a tenth faster alone, and
/// slower in models, which expand them for every product.
///
/// Bound on Zen 4 by the two units that multiply, which also do the fused multiply-adds. Three tokens fit
/// in registers: six vectors of sums, six of chains, two of weights. Four to six were as fast for Q4_0 and
/// slower (Q6_K 6 to 20 %, Q2_K 15 to 23 %) where sums have to wait in memory for the rest of a block.
enum NarrowTile<Kind: TileKind, let Q: Int, let T: Int> {
  typealias Sums = InlineArray<T, i32x16>
  typealias Pairs = InlineArray<T, i16x32>
  typealias Chains = InlineArray<T, f32x16>

  @inline(__always)
  static func run(
    _ weights: ExpandedWeights, _ activations: ActivationTile, _ blocks: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
  ) {
    var chains = Chains(repeating: ci_splat(0))
    var w = weights
    var x = activations
    for _ in 0..<blocks {
      addPart(w, 0, x, &chains)
      if Kind.parts == 2 { addPart(w, 1, x, &chains) }
      w.values += 512
      w.scales += Kind.parts &* partBytes
      x.advance()
    }
    for t in 0..<T { store(chains[t], output, t &* outputStride) }
  }

  @inline(__always)
  private static var partBytes: Int { Kind.hasAddend ? 128 : 64 }

  @inline(__always)
  private static func addPart(
    _ w: ExpandedWeights, _ part: Int, _ x: ActivationTile, _ chains: inout Chains
  ) {
    let quads = 8 / Kind.parts
    var i = Sums(repeating: ci_splat_int(magicBits))
    let first = pairSums(w.values, x, quads &* part)
    for t in 0..<T {
      let start = splatInt32(x.fields, part &* x.fieldStride &+ 4 &* t)
      i[t] = ci_add_pairs(Kind.hasOffset ? start : i[t], first[t])
    }
    if quads > Q {
      let second = pairSums(w.values, x, quads &* part &+ Q)
      for t in 0..<T { i[t] = ci_add_pairs(i[t], second[t]) }
    }
    addSums(i, w.scales + part &* partBytes, x, part, &chains)
  }

  // Loops are written out below: the compiler keeps them where their bodies have an order.

  /// Sums in 16 bits of Q quads from quad `j` on.
  @inline(__always)
  private static func pairSums(_ w: UnsafeRawPointer, _ x: ActivationTile, _ j: Int) -> Pairs {
    var pairs = Pairs(repeating: i16x32(repeating: 0))
    addQuad(w, x, j, &pairs)
    addQuad(w, x, j &+ 1, &pairs)
    if Q > 2 {
      addQuad(w, x, j &+ 2, &pairs)
      addQuad(w, x, j &+ 3, &pairs)
    }
    if Q > 4 {
      addQuad(w, x, j &+ 4, &pairs)
      addQuad(w, x, j &+ 5, &pairs)
      addQuad(w, x, j &+ 6, &pairs)
      addQuad(w, x, j &+ 7, &pairs)
    }
    return pairs
  }

  @inline(__always)
  private static func addQuad(
    _ w: UnsafeRawPointer, _ x: ActivationTile, _ j: Int, _ pairs: inout Pairs
  ) {
    let quad = bytes(w, 64 &* j)
    for t in 0..<T {
      pairs[t] = ci_dot_pairs(pairs[t], quad, splatInt32(x.values, 32 &* t &+ 4 &* j))
    }
  }

  /// The sums of one part of a block, scaled and added to the chains.
  @inline(__always)
  private static func addSums(
    _ i: Sums, _ scales: UnsafeRawPointer, _ x: ActivationTile, _ part: Int,
    _ chains: inout Chains
  ) {
    for t in 0..<T {
      let scale = splatFloat(x.scales, 4 &* t)
      let bias = splatFloat(x.biases, 4 &* t)
      let dot = ci_fma(unsafeBitCast(i[t], to: f32x16.self), scale, bias)
      var chain = ci_fma(dot, scales.loadUnaligned(as: f32x16.self), chains[t])
      if Kind.hasAddend {
        let sum = splatFloat(x.fields, part &* x.fieldStride &+ 4 &* t)
        chain = ci_fma(sum, scales.loadUnaligned(fromByteOffset: 64, as: f32x16.self), chain)
      }
      chains[t] = ci_in_order(chain)
    }
  }
}

/// Multiplies one group of weights of at most 6 bits by a tile, three tokens or two at a time.
func multiplyNarrow(
  _ w: ExpandedWeights, _ ahead: NextWeights, _ job: ci_matmul, _ tokens: Int,
  _ a: UnsafeRawPointer, _ blocks: Int, _ c: UnsafeMutablePointer<Float>
) {
  switch job.format {
  case CI_Q4_0: NarrowTiles<OffsetKind, 8>.run(w, ahead, job, tokens, a, blocks, c)
  case CI_Q5_0: NarrowTiles<OffsetKind, 4>.run(w, ahead, job, tokens, a, blocks, c)
  case CI_Q4_1, CI_Q4_K: NarrowTiles<AddendKind, 8>.run(w, ahead, job, tokens, a, blocks, c)
  case CI_Q5_1, CI_Q5_K: NarrowTiles<AddendKind, 4>.run(w, ahead, job, tokens, a, blocks, c)
  case CI_Q2_K: NarrowTiles<HalvesAddendKind, 4>.run(w, ahead, job, tokens, a, blocks, c)
  case CI_Q3_K: NarrowTiles<HalvesKind, 4>.run(w, ahead, job, tokens, a, blocks, c)
  default: NarrowTiles<HalvesKind, 2>.run(w, ahead, job, tokens, a, blocks, c)
  }
}

private enum NarrowTiles<Kind: TileKind, let Q: Int> {
  @inline(never)
  static func run(
    _ w: ExpandedWeights, _ next: NextWeights, _ job: ci_matmul, _ tokens: Int,
    _ a: UnsafeRawPointer, _ blocks: Int, _ c: UnsafeMutablePointer<Float>
  ) {
    let stride = job.output_stride
    let parts = TileSplit(tokens, limit: 3)
    var ahead = next
    let steps = (blocks / 2 &+ parts.count &- 1) / parts.count
    for part in 0..<parts.count {
      for _ in 0..<steps { ahead.prefetch() }
      let token = parts.start(part)
      let x = ActivationTile(a, job, tokens: tokens, from: token)
      let output = c + token &* stride
      if parts.size(part) == 3 {
        NarrowTile<Kind, Q, 3>.run(w, x, blocks, output, stride)
      } else {
        NarrowTile<Kind, Q, 2>.run(w, x, blocks, output, stride)
      }
    }
  }
}
