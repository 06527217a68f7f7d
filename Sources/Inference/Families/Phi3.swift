extension DecoderFeatures {
  /// `phi3`: Phi-3 and 3.5, with fused projections, a window, and longrope for 128k contexts.
  ///
  /// Longrope (https://arxiv.org/abs/2402.13753) has two sets of factors: one for contexts up to the
  /// length of the first training, one for longer contexts. Keys of the two do not fit together, so
  /// the length that the model is loaded for decides, not the length of a prompt.
  static func phi3(_ fields: ModelFields, _ shape: Configuration.Shape) throws -> DecoderFeatures {
    var rope = try fields.rope(shape, isInterleaved: false, scaling: ["longrope"])
    if fields.hasLongRope {
      let isLong = shape.contextLength > (try fields.originalContextLength())
      rope.factors = isLong ? ModelFields.longFactors : ModelFields.shortFactors
    }
    var features = DecoderFeatures(rope: rope, headDimension: shape.headDimension)
    features.hasFusedTensors = true
    features.window = try fields.windowInEveryLayer(shape)
    return features
  }
}
