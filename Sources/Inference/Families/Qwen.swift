extension DecoderFeatures {
  /// `qwen2`: Qwen 2 and 2.5, with biases of queries, keys and values.
  static func qwen2(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> DecoderFeatures {
    var features = DecoderFeatures(
      rope: try fields.rope(shape, isInterleaved: false), headDimension: shape.headDimension)
    features.hasQueryKeyValueBias = true
    return features
  }

  /// `qwen3`: no biases; heads of queries and keys are normed.
  static func qwen3(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> DecoderFeatures {
    var features = DecoderFeatures(
      rope: try fields.rope(shape, isInterleaved: false), headDimension: shape.headDimension)
    features.hasQueryKeyNorm = true
    return features
  }
}
