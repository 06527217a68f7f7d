import Kernels

/// The weights of a `llama` decoder, packed once.
///
/// Names follow the paper's formulas.
struct DecoderWeights: Sendable {
  /// The token embedding: (vocabulary, width).
  let embedding: PackedMatrix
  let layers: [Layer]
  let outputNorm: FloatBuffer
  /// The output matrix: (vocabulary, width); the embedding itself where the file has no output matrix of its own.
  let output: PackedMatrix
  /// Each rotated pair's frequency is divided by its factor (Llama 3.1 and later); empty for none.
  let ropeFactors: [Float]

  struct Layer: Sendable {
    let attentionNorm: FloatBuffer
    /// Query, key and value matrices: the same input, so one parallel region.
    let queryKeyValue: [PackedMatrix]
    let attentionOutput: PackedMatrix
    let feedForwardNorm: FloatBuffer
    /// Gate and up matrices: the same input, so one parallel region.
    let gateUp: [PackedMatrix]
    let down: PackedMatrix
  }

  init(_ source: inout TensorSource, _ c: Configuration) throws {
    embedding = try source.matrix("token_embd.weight", rows: c.vocabulary, columns: c.width)
    layers = try (0..<c.layers).map { try Layer(&source, c, $0) }
    outputNorm = try source.vector("output_norm.weight", count: c.width)
    output =
      source.has("output.weight")
      ? try source.matrix("output.weight", rows: c.vocabulary, columns: c.width) : embedding
    ropeFactors = try Self.factors(&source, c)
    try source.finish()
  }

  private static func factors(
    _ source: inout TensorSource, _ c: Configuration
  ) throws -> [Float] {
    guard let rope = c.rope, source.has("rope_freqs.weight") else { return [] }
    let buffer = try source.vector("rope_freqs.weight", count: rope.rotated / 2)
    let factors = (0..<(rope.rotated / 2)).map { buffer.pointer[$0] }
    guard factors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw source.error(
        "rope_freqs.weight", found: "a factor that is not positive", expected: "positive factors")
    }
    return factors
  }
}

extension DecoderWeights.Layer {
  fileprivate init(_ source: inout TensorSource, _ c: Configuration, _ index: Int) throws {
    let block = "blk.\(index)."
    attentionNorm = try source.vector(block + "attn_norm.weight", count: c.width)
    queryKeyValue = [
      try source.matrix(block + "attn_q.weight", rows: c.queryWidth, columns: c.width),
      try source.matrix(block + "attn_k.weight", rows: c.keyValueWidth, columns: c.width),
      try source.matrix(block + "attn_v.weight", rows: c.keyValueWidth, columns: c.width),
    ]
    attentionOutput = try source.matrix(
      block + "attn_output.weight", rows: c.width, columns: c.queryWidth)
    feedForwardNorm = try source.vector(block + "ffn_norm.weight", count: c.width)
    gateUp = [
      try source.matrix(block + "ffn_gate.weight", rows: c.feedForward, columns: c.width),
      try source.matrix(block + "ffn_up.weight", rows: c.feedForward, columns: c.width),
    ]
    down = try source.matrix(block + "ffn_down.weight", rows: c.width, columns: c.feedForward)
  }
}
