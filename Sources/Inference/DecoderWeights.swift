import Kernels

/// The weights of a decoder, packed once.
///
/// Names follow the paper's formulas.
struct DecoderWeights: Sendable {
  /// The token embedding: (vocabulary, width).
  let embedding: PackedMatrix
  let layers: [Layer]
  let outputNorm: FloatBuffer
  /// The output matrix: (vocabulary, width); the embedding itself where the file has no output matrix of its own.
  let output: PackedMatrix
  /// Each rotated pair's frequency is divided by its factor; empty for none.
  let ropeFactors: [Float]
  /// Whether threads may multiply parts of a batch, each by all weights of a layer: those stay in the last
  /// cache.
  let suitsParts: Bool

  struct Layer: Sendable {
    let attentionNorm: FloatBuffer
    /// Query, key and value matrices: the same input, so one parallel region.
    let queryKeyValue: [PackedMatrix]
    /// Their biases, or none.
    let queryKeyValueBias: [FloatBuffer]
    /// The norms of a query head and of a key head; nil for a family without.
    let queryKeyNorm: (query: FloatBuffer, key: FloatBuffer)?
    let attentionOutput: PackedMatrix
    /// The norm of what attention adds to x; nil for a family without.
    let attentionPostNorm: FloatBuffer?
    let feedForwardNorm: FloatBuffer
    /// Gate and up matrices: the same input, so one parallel region.
    let gateUp: [PackedMatrix]
    let down: PackedMatrix
    /// The norm of what the feed-forward network adds to x; nil for a family without.
    let feedForwardPostNorm: FloatBuffer?

    /// Whether the layer's matrices have up to 8 MiB.
    fileprivate var suitsParts: Bool {
      let matrices = queryKeyValue + gateUp + [attentionOutput, down]
      return matrices.reduce(0) { $0 + $1.byteCount } <= 8 << 20
    }
  }

  init(
    _ source: inout TensorSource, _ c: Configuration, _ features: DecoderFeatures
  ) throws {
    embedding = try source.matrix("token_embd.weight", rows: c.vocabulary, columns: c.width)
    layers = try (0..<c.layers).map { try Layer(&source, c, features, "blk.\($0).") }
    outputNorm = try source.vector("output_norm.weight", count: c.width)
    output =
      source.has("output.weight")
      ? try source.matrix("output.weight", rows: c.vocabulary, columns: c.width) : embedding
    ropeFactors = try Self.factors(&source, features.rope)
    suitsParts = layers.allSatisfy(\.suitsParts)
    try source.finish()
  }

  private static func factors(_ source: inout TensorSource, _ rope: Rope) throws -> [Float] {
    guard let name = rope.factors else { return [] }
    let count = rope.rotated / 2
    let buffer = try source.vector(name, count: count)
    // Longrope's other set of factors is for contexts of another length.
    for other in [ModelFields.longFactors, ModelFields.shortFactors]
    where other != name && source.has(other) {
      _ = try source.vector(other, count: count)
    }
    let factors = (0..<count).map { buffer.pointer[$0] }
    guard factors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw source.error(
        name, found: "a factor that is not positive", expected: "positive factors")
    }
    return factors
  }
}

extension DecoderWeights.Layer {
  /// `block`: what the names of the layer's tensors begin with.
  fileprivate init(
    _ source: inout TensorSource, _ c: Configuration, _ features: DecoderFeatures,
    _ block: String
  ) throws {
    attentionNorm = try source.vector(block + "attn_norm.weight", count: c.width)
    let heads = [("q", c.queryWidth), ("k", c.keyValueWidth), ("v", c.keyValueWidth)]
    queryKeyValue =
      features.hasFusedTensors
      ? try source.matrices(block + "attn_qkv.weight", rows: heads.map(\.1), columns: c.width)
      : try heads.map { name, rows in
        try source.matrix("\(block)attn_\(name).weight", rows: rows, columns: c.width)
      }
    queryKeyValueBias =
      features.hasQueryKeyValueBias
      ? try heads.map { try source.vector("\(block)attn_\($0).bias", count: $1) } : []
    queryKeyNorm =
      features.hasQueryKeyNorm
      ? (
        query: try source.vector(block + "attn_q_norm.weight", count: c.headDimension),
        key: try source.vector(block + "attn_k_norm.weight", count: c.headDimension)
      ) : nil
    attentionOutput = try source.matrix(
      block + "attn_output.weight", rows: c.width, columns: c.queryWidth)
    attentionPostNorm =
      features.hasPostNorms
      ? try source.vector(block + "post_attention_norm.weight", count: c.width) : nil
    feedForwardNorm = try source.vector(block + "ffn_norm.weight", count: c.width)
    gateUp =
      features.hasFusedTensors
      ? try source.matrices(
        block + "ffn_up.weight", rows: [c.feedForward, c.feedForward], columns: c.width)
      : try ["gate", "up"].map {
        try source.matrix("\(block)ffn_\($0).weight", rows: c.feedForward, columns: c.width)
      }
    down = try source.matrix(block + "ffn_down.weight", rows: c.width, columns: c.feedForward)
    feedForwardPostNorm =
      features.hasPostNorms
      ? try source.vector(block + "post_ffw_norm.weight", count: c.width) : nil
  }
}
