import Kernels

/// The weights of a `bert` encoder, packed once.
struct EncoderWeights: Sendable {
  /// The token embedding: (vocabulary, width).
  let embedding: PackedMatrix
  /// The position embedding: (contextLength, width), with the row of token type 0 already added: every text has type 0.
  let positions: FloatBuffer
  let embeddingNorm: Norm
  let layers: [Layer]

  struct Norm: Sendable {
    let weight: FloatBuffer
    let bias: FloatBuffer
  }

  struct Layer: Sendable {
    /// Query, key and value matrices: the same input, so one parallel region.
    let queryKeyValue: [PackedMatrix]
    let queryKeyValueBias: [FloatBuffer]
    let attentionOutput: PackedMatrix
    let attentionOutputBias: FloatBuffer
    let attentionNorm: Norm
    let up: PackedMatrix
    let upBias: FloatBuffer
    let down: PackedMatrix
    let downBias: FloatBuffer
    let outputNorm: Norm
  }

  init(_ source: inout TensorSource, _ c: Configuration) throws {
    embedding = try source.matrix("token_embd.weight", rows: c.vocabulary, columns: c.width)
    positions = try source.table(
      "position_embd.weight", rows: c.contextLength, columns: c.width)
    try Self.addTokenType(to: positions, &source, c)
    embeddingNorm = try source.norm("token_embd_norm", c.width)
    layers = try (0..<c.layers).map { try Layer(&source, c, $0) }
    try source.finish()
  }

  private static func addTokenType(
    to positions: FloatBuffer, _ source: inout TensorSource, _ c: Configuration
  ) throws {
    guard let info = source.file.tensors["token_types.weight"] else { return }
    let types = try source.table("token_types.weight", rows: info.rows, columns: c.width)
    for position in 0..<c.contextLength {
      for column in 0..<c.width {
        positions.pointer[position * c.width + column] += types.pointer[column]
      }
    }
  }
}

extension EncoderWeights.Layer {
  fileprivate init(_ source: inout TensorSource, _ c: Configuration, _ index: Int) throws {
    let block = "blk.\(index)."
    let names = ["attn_q", "attn_k", "attn_v"]
    queryKeyValue = try names.map {
      try source.matrix("\(block)\($0).weight", rows: c.width, columns: c.width)
    }
    queryKeyValueBias = try names.map { try source.vector("\(block)\($0).bias", count: c.width) }
    attentionOutput = try source.matrix(
      block + "attn_output.weight", rows: c.width, columns: c.width)
    attentionOutputBias = try source.vector(block + "attn_output.bias", count: c.width)
    attentionNorm = try source.norm(block + "attn_output_norm", c.width)
    up = try source.matrix(block + "ffn_up.weight", rows: c.feedForward, columns: c.width)
    upBias = try source.vector(block + "ffn_up.bias", count: c.feedForward)
    down = try source.matrix(block + "ffn_down.weight", rows: c.width, columns: c.feedForward)
    downBias = try source.vector(block + "ffn_down.bias", count: c.width)
    outputNorm = try source.norm(block + "layer_output_norm", c.width)
  }
}

extension TensorSource {
  fileprivate mutating func norm(_ name: String, _ count: Int) throws -> EncoderWeights.Norm {
    EncoderWeights.Norm(
      weight: try vector(name + ".weight", count: count),
      bias: try vector(name + ".bias", count: count))
  }
}
