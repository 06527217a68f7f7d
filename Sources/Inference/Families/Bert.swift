import GGUF

extension EncoderFeatures {
  /// `bert`: BERT, RoBERTa and XLM-RoBERTa encoders such as MiniLM, BGE and their rerankers.
  static func bert(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> EncoderFeatures {
    try fields.requireWholeHeads(shape)
    let pooling = try fields.pooling()
    return EncoderFeatures(
      pooling: pooling,
      separateLayers: pooling == .sentences ? try fields.separateLayers(shape) : 0)
  }

  /// `nomic-bert`: rotary positions, a gated feed-forward network and no biases.
  static func nomicBert(
    _ fields: ModelFields, _ shape: Configuration.Shape
  ) throws -> EncoderFeatures {
    try fields.requireWholeHeads(shape)
    let pooling = try fields.pooling()
    guard pooling != .sentences else {
      throw fields.error("pooling_type", 0, "another: only bert chooses sentences")
    }
    return EncoderFeatures(
      pooling: pooling, rope: try fields.rope(shape, isInterleaved: false),
      hasBiases: false, hasFusedTensors: true, isGated: true)
  }
}

extension ModelFields {
  /// Checks that each token has as many keys and values as queries, and as many as its vector is long.
  fileprivate func requireWholeHeads(_ shape: Configuration.Shape) throws {
    guard shape.keyValueHeads == shape.heads else {
      throw error("attention.head_count_kv", shape.keyValueHeads, "\(shape.heads), as of queries")
    }
    guard shape.queryWidth == shape.width else {
      throw error(
        "attention.key_length", shape.headDimension, "\(shape.width) / \(shape.heads)")
    }
  }

  /// The meaning of `pooling_type`; the mean where the file does not say.
  fileprivate func pooling() throws -> EncoderFeatures.Pooling {
    if try optionalBool("attention.causal") == true {
      throw error("attention.causal", true, "false")
    }
    let type = try optional("pooling_type", in: 0...(1 << 16)) ?? 1
    switch type {
    case 1: return .mean
    case 2: return .first
    case 4: return .rank
    case 0 where try file.optionalString("tributary.head") == "sentences": return .sentences
    default:
      throw error(
        "pooling_type", type,
        "1 (mean), 2 (first token), 4 (rank) or, with the tributary.head \"sentences\", 0")
    }
  }

  /// `tributary.separate_layers`: at most all of them.
  fileprivate func separateLayers(_ shape: Configuration.Shape) throws -> Int {
    let count = try file.int("tributary.separate_layers")
    guard (0...shape.layers).contains(count) else {
      throw GGUFError(
        file: file.path, field: "tributary.separate_layers", found: "\(count)",
        expected: "a number from 0 to \(shape.layers)")
    }
    return count
  }
}
