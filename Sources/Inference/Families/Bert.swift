extension EncoderFeatures {
  /// `bert`: BERT, RoBERTa and XLM-RoBERTa encoders such as MiniLM, BGE and their rerankers.
  static func bert(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> EncoderFeatures {
    try fields.requireWholeHeads(shape)
    return EncoderFeatures(pooling: try fields.pooling())
  }

  /// `nomic-bert`: rotary positions, a gated feed-forward network and no biases.
  static func nomicBert(
    _ fields: ModelFields, _ shape: Configuration.Shape
  ) throws -> EncoderFeatures {
    try fields.requireWholeHeads(shape)
    return EncoderFeatures(
      pooling: try fields.pooling(), rope: try fields.rope(shape, isInterleaved: false),
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
    let kinds: [Int: EncoderFeatures.Pooling] = [1: .mean, 2: .first, 4: .rank]
    let type = try optional("pooling_type", in: 0...(1 << 16)) ?? 1
    guard let kind = kinds[type] else {
      throw error("pooling_type", type, "1 (mean), 2 (first token) or 4 (rank)")
    }
    return kind
  }
}
