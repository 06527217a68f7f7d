extension DecoderFeatures {
  /// `llama`: Llama 2 and 3, SmolLM2, Mistral.
  ///
  /// Converters reorder query and key rows so that rotated pairs are neighbours. Llama 3.1 and later
  /// divide frequencies by the tensor `rope_freqs`; Mistral 7B v0.1 has a window in every layer.
  static func llama(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> DecoderFeatures {
    var features = DecoderFeatures(
      rope: try fields.rope(shape, isInterleaved: true), headDimension: shape.headDimension)
    if fields.hasTensor("rope_freqs.weight") { features.rope.factors = "rope_freqs.weight" }
    features.window = try fields.windowInEveryLayer(shape)
    return features
  }
}
