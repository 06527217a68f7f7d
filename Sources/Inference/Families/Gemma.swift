extension DecoderFeatures {
  /// `gemma2`: windows in every second layer, soft-caps of scores and logits.
  static func gemma2(
    _ fields: ModelFields, _ shape: Configuration.Shape
  ) throws -> DecoderFeatures {
    var features = try gemma(fields, shape, largestModelLayers: 46)
    // What files of the first converters leave out.
    features.attentionSoftCap = try fields.optionalPositive("attn_logit_softcapping") ?? 50
    features.finalSoftCap = try fields.optionalPositive("final_logit_softcapping") ?? 30
    features.window = try fields.window(shape, defaultLength: 4096, defaultPeriod: 2)
    return features
  }

  /// `gemma3`: normed queries and keys; five of six layers have a window and a rotation of their own.
  ///
  /// Only the layers without a window divide positions (linear scaling of the larger models).
  static func gemma3(
    _ fields: ModelFields, _ shape: Configuration.Shape
  ) throws -> DecoderFeatures {
    var features = try gemma(fields, shape, largestModelLayers: 62)
    features.hasQueryKeyNorm = true
    features.finalSoftCap = try fields.optionalPositive("final_logit_softcapping")
    features.window = try fields.window(shape, defaultLength: nil, defaultPeriod: 6)
    if features.window != nil {
      var local = features.rope
      local.frequencyBase = try fields.optionalPositive("rope.freq_base_swa") ?? 10_000
      local.positionScale = 1
      features.localRope = local
    }
    return features
  }

  /// Files store a norm's weight with the 1 that the papers add to it.
  ///
  /// The 27B models divide scores by the square root of width / heads instead of the head's length,
  /// and their files do not say so: they are known by their number of layers
  /// (https://github.com/google/gemma_pytorch, gemma/config.py, `query_pre_attn_scalar`).
  private static func gemma(
    _ fields: ModelFields, _ shape: Configuration.Shape, largestModelLayers: Int
  ) throws -> DecoderFeatures {
    var features = DecoderFeatures(
      rope: try fields.rope(shape, isInterleaved: false), headDimension: shape.headDimension)
    features.embeddingScale = Float(shape.width).squareRoot()
    features.activation = .geluTanh
    features.hasPostNorms = true
    if shape.layers == largestModelLayers {
      features.attentionScale = 1 / Float(shape.width / shape.heads).squareRoot()
    }
    return features
  }
}
