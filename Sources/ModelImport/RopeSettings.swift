import Foundation
import GGUF

/// How positions are rotated: the older form of `config.json` (`rope_theta`, `rope_scaling`) and the
/// newer one (`rope_parameters`, for each type of attention where there are several).
struct RopeSettings {
  /// Base frequency, in layers that see all positions.
  let base: Double
  /// Base frequency in layers with a window, where it is another one.
  let localBase: Double?
  /// `default`, `linear`, `llama3` or `longrope`.
  let type: String
  private let scaling: JSONObject

  init(_ configuration: JSONObject) throws {
    let parameters = try configuration.optionalObject("rope_parameters")
    let global = try parameters?.optionalObject("full_attention") ?? parameters
    let local = try parameters?.optionalObject("sliding_attention")
    let older = try configuration.optionalObject("rope_scaling")
    scaling =
      global ?? older
      ?? JSONObject(file: configuration.file, prefix: "rope_scaling.", members: [:])
    base =
      try global?.optionalNumber("rope_theta") ?? configuration.optionalNumber("rope_theta")
      ?? 10_000
    localBase =
      try local?.optionalNumber("rope_theta")
      ?? configuration.optionalNumber("rope_local_base_freq")
    let name = try scaling.optionalString("rope_type") ?? scaling.optionalString("type")
    type = name == "su" ? "longrope" : name ?? "default"
    let known = ["default", "linear", "llama3", "longrope"]
    guard known.contains(type) else {
      throw scaling.error(
        "rope_type", found: "\"\(type)\"", expected: known.joined(separator: ", "))
    }
  }

  var factor: Double { get throws { try scaling.number("factor") } }

  var partialRotaryFactor: Double? {
    get throws { try scaling.optionalNumber("partial_rotary_factor") }
  }

  /// What divides each pair's frequency: Llama 3's smooth step from 1 to `factor`.
  ///
  /// Source: transformers, `_compute_llama3_parameters`; the file keeps the divisors.
  func llama3Factors(headDimension: Int) throws -> [Float] {
    let factor = try factor
    let low = try scaling.number("low_freq_factor")
    let high = try scaling.number("high_freq_factor")
    let original = try scaling.number("original_max_position_embeddings")
    guard factor > 0, low > 0, high > low, original > 0 else {
      throw scaling.error(
        "low_freq_factor", found: "\(low) beside high_freq_factor \(high)",
        expected: "positive numbers, the first the smaller one")
    }
    return (0..<(headDimension / 2)).map { pair in
      let frequency = 1 / pow(base, Double(2 * pair) / Double(headDimension))
      let wavelength = 2 * Double.pi / frequency
      if wavelength < original / high { return 1 }
      if wavelength > original / low { return Float(factor) }
      let smooth = (original / wavelength - low) / (high - low)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
  }

  /// The divisors for texts up to the original length and beyond it, one for each pair.
  func longFactors(pairs: Int) throws -> (short: [Float], long: [Float]) {
    func factors(_ key: String) throws -> [Float] {
      let values = try scaling.numbers(key) ?? []
      guard values.count == pairs else {
        throw scaling.error(key, found: "\(values.count) numbers", expected: "\(pairs)")
      }
      return values
    }
    return (try factors("short_factor"), try factors("long_factor"))
  }

  /// Explicit `attention_factor`, nil where it follows from the lengths.
  var attentionFactor: Double? {
    get throws { try scaling.optionalNumber("attention_factor") }
  }

  var originalLength: Int? {
    get throws { try scaling.optionalCount("original_max_position_embeddings") }
  }
}
