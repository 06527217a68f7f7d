import GGUF

/// Fields about positions: context length, rotation, windows.
extension ModelFields {
  static let longFactors = "rope_factors_long.weight"
  static let shortFactors = "rope_factors_short.weight"

  var hasLongRope: Bool { hasTensor(Self.longFactors) || hasTensor(Self.shortFactors) }

  /// The positions the model can have: `wanted` at most, which is positive, and without a wish no more
  /// than a longrope model's short factors are for.
  func contextLength(wanted: Int?) throws -> Int {
    let limit = try positive("context_length", atMost: 1 << 26)
    if let wanted { return min(limit, wanted) }
    return hasLongRope ? min(limit, try originalContextLength()) : limit
  }

  /// The context length of the first training, before it was extended.
  func originalContextLength() throws -> Int {
    try positive("rope.scaling.original_context_length", atMost: 1 << 26)
  }

  /// `scaling`: types of scaling that the family has besides linear; another is refused by name.
  func rope(
    _ shape: Configuration.Shape, isInterleaved: Bool, scaling: [String] = []
  ) throws -> Rope {
    let rotated =
      try optional("rope.dimension_count", in: 0...shape.headDimension) ?? shape.headDimension
    guard rotated % 2 == 0 else {
      throw error("rope.dimension_count", rotated, "an even number: pairs are rotated")
    }
    return Rope(
      frequencyBase: try optionalPositive("rope.freq_base") ?? 10_000, rotated: rotated,
      positionScale: try positionScale(scaling), isInterleaved: isInterleaved,
      magnitude: try optionalPositive("rope.scaling.attn_factor") ?? 1)
  }

  /// A file that names no type means linear scaling, as llama.cpp reads it.
  private func positionScale(_ scaling: [String]) throws -> Float {
    let type = try optionalString("rope.scaling.type") ?? "linear"
    let supported = ["none", "linear"] + scaling
    guard supported.contains(type) else {
      throw error("rope.scaling.type", type, supported.joined(separator: " or "))
    }
    // `scale_linear` is the older name.
    let factor =
      try optionalPositive("rope.scaling.factor") ?? optionalPositive("rope.scale_linear") ?? 1
    guard factor >= 1 else {
      throw error("rope.scaling.factor", factor, "a number of at least 1")
    }
    return type == "linear" ? factor : 1
  }

  /// The window that all layers have; nil where the file names none, or 0.
  func windowInEveryLayer(_ shape: Configuration.Shape) throws -> DecoderFeatures.Window? {
    try windowLength().map {
      DecoderFeatures.Window(length: $0, isLocal: Array(repeating: true, count: shape.layers))
    }
  }

  /// The window of a family whose layers alternate: every `defaultPeriod`-th layer has none, unless
  /// `attention.sliding_window_pattern` gives another period or a flag for each layer.
  func window(
    _ shape: Configuration.Shape, defaultLength: Int?, defaultPeriod: Int
  ) throws -> DecoderFeatures.Window? {
    guard let length = try windowLength() ?? defaultLength else { return nil }
    return DecoderFeatures.Window(
      length: length, isLocal: try localLayers(shape, defaultPeriod: defaultPeriod))
  }

  private func windowLength() throws -> Int? {
    let length = try optional("attention.sliding_window", in: 0...(1 << 26))
    return length == 0 ? nil : length
  }

  private func localLayers(_ shape: Configuration.Shape, defaultPeriod: Int) throws -> [Bool] {
    let field = "attention.sliding_window_pattern"
    if case .array = file.metadata["\(prefix).\(field)"] {
      let flags = try file.bools("\(prefix).\(field)")
      guard flags.count == shape.layers else {
        throw error(field, "\(flags.count) flags", "one for each of \(shape.layers) layers")
      }
      return flags
    }
    let period = try optional(field, in: 1...(1 << 12)) ?? defaultPeriod
    return (0..<shape.layers).map { $0 % period < period - 1 }
  }
}
