import Kernels

/// The weights of an encoder, packed once.
struct EncoderWeights: Sendable {
  /// The token embedding: (vocabulary, width).
  let embedding: PackedMatrix
  /// What is added to a token's embedding, by token type: a row for each position, or one for all if
  /// positions are rotary.
  let added: [FloatBuffer]
  let embeddingNorm: Norm
  let layers: [Layer]

  struct Norm: Sendable {
    let weight: FloatBuffer
    let bias: FloatBuffer

    var pointers: Backend.LayerNorm { (UnsafePointer(weight.pointer), UnsafePointer(bias.pointer)) }
  }

  /// A matrix and what is added to its product, zeros in a family without biases.
  struct Linear: Sendable {
    let matrix: PackedMatrix
    let bias: FloatBuffer
  }

  struct Layer: Sendable {
    /// Query, key and value matrices: the same input, so one parallel region.
    let queryKeyValue: [PackedMatrix]
    /// Their biases, or none.
    let queryKeyValueBias: [FloatBuffer]
    let attentionOutput: Linear
    let attentionNorm: Norm
    /// Gate and up matrices, or up alone.
    let inner: [PackedMatrix]
    let upBias: FloatBuffer
    let down: Linear
    let outputNorm: Norm
  }

  /// Reads all but what follows the last layer.
  init(
    _ source: inout TensorSource, _ c: Configuration, _ features: EncoderFeatures
  ) throws {
    embedding = try source.matrix("token_embd.weight", rows: c.vocabulary, columns: c.width)
    added = try Self.added(&source, c, features)
    embeddingNorm = try source.norm("token_embd_norm", c.width)
    layers = try (0..<c.layers).map { try Layer(&source, c, features, "blk.\($0).") }
  }

  /// Positions and token types summed; only texts that are read in pairs have a second type.
  private static func added(
    _ source: inout TensorSource, _ c: Configuration, _ features: EncoderFeatures
  ) throws -> [FloatBuffer] {
    let rows = features.rope == nil ? c.contextLength : 1
    let positions =
      features.rope == nil
      ? try source.table("position_embd.weight", rows: rows, columns: c.width)
      : FloatBuffer(c.width)
    guard let info = source.file.tensors["token_types.weight"] else { return [positions] }
    let types = try source.table("token_types.weight", rows: info.rows, columns: c.width)
    let isForPairs = features.pooling == .rank || features.pooling == .sentences
    let used = isForPairs ? min(info.rows, 2) : 1
    return (0..<used).map { type in
      let sum = FloatBuffer(rows * c.width)
      for index in 0..<(rows * c.width) {
        let column = index % c.width
        sum.pointer[index] = positions.pointer[index] + types.pointer[type * c.width + column]
      }
      return sum
    }
  }
}

extension EncoderWeights.Layer {
  fileprivate init(
    _ source: inout TensorSource, _ c: Configuration, _ features: EncoderFeatures,
    _ block: String
  ) throws {
    let names = ["attn_q", "attn_k", "attn_v"]
    let hasBiases = features.hasBiases
    queryKeyValue =
      features.hasFusedTensors
      ? try source.matrices(
        block + "attn_qkv.weight", rows: names.map { _ in c.width }, columns: c.width)
      : try names.map { try source.matrix("\(block)\($0).weight", rows: c.width, columns: c.width) }
    queryKeyValueBias =
      hasBiases ? try names.map { try source.vector("\(block)\($0).bias", count: c.width) } : []
    attentionOutput = try source.linear(
      block + "attn_output", rows: c.width, columns: c.width, hasBiases)
    attentionNorm = try source.norm(block + "attn_output_norm", c.width)
    inner = try (features.isGated ? ["ffn_gate", "ffn_up"] : ["ffn_up"]).map {
      try source.matrix("\(block)\($0).weight", rows: c.feedForward, columns: c.width)
    }
    upBias =
      hasBiases
      ? try source.vector(block + "ffn_up.bias", count: c.feedForward)
      : FloatBuffer(c.feedForward)
    down = try source.linear(block + "ffn_down", rows: c.width, columns: c.feedForward, hasBiases)
    outputNorm = try source.norm(block + "layer_output_norm", c.width)
  }
}

extension TensorSource {
  fileprivate mutating func norm(_ name: String, _ count: Int) throws -> EncoderWeights.Norm {
    EncoderWeights.Norm(
      weight: try vector(name + ".weight", count: count),
      bias: try vector(name + ".bias", count: count))
  }

  mutating func linear(
    _ name: String, rows: Int, columns: Int, _ hasBias: Bool
  ) throws -> EncoderWeights.Linear {
    EncoderWeights.Linear(
      matrix: try matrix(name + ".weight", rows: rows, columns: columns),
      bias: hasBias ? try vector(name + ".bias", count: rows) : FloatBuffer(rows))
  }
}
