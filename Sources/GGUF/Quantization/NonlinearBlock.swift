/// A float16 scale, then 16 bytes of indices into 16 fixed values; `x = d·value[q]`.
///
/// The values are closer together near zero, as weights are (ggml-common.h, `kvalues_iq4nl`).
/// The search lowers the plain sum of squared errors over scales of both signs.
struct IQ4_NL: BlockCodec {
  private static let values: [Float] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]
  /// The middle between each value and the next: where the nearest one changes.
  private static let borders = zip(values, values.dropFirst()).map { ($0 + $1) / 2 }
  /// The scaled weight of largest magnitude lands at these.
  private static let reaches = (0..<15).map { Float(100 + 4 * $0) }

  func encode(_ x: UnsafePointer<Float>, to block: MutableBlockBytes) {
    let weights = ThirtyTwo(loading: x)
    let scale = Float16(saturating: bestScale(weights))
    let inverse = 1 / Float(scale)
    block.store(scale, 0)
    let factor = inverse.isFinite ? inverse : 0
    let indices = ThirtyTwo(
      low: Self.indices(weights.low * factor), high: Self.indices(weights.high * factor))
    block.store(nibbles(indices.bytes), 2)
  }

  static func decode(_ block: BlockBytes, to y: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    let indices = levels(block.sixteen(2))
    for index in 0..<32 { y[index] = scale * values[Int(indices[index])] }
  }

  private func bestScale(_ x: ThirtyTwo) -> Float {
    let reach = max(x.largest, -x.smallest)
    guard reach > 0, (128 / reach).isFinite else { return 0 }
    var best: Float = 0
    var bestGain: Float = 0
    for target in Self.reaches {
      for direction in [target / reach, -target / reach] {
        var inverse = direction
        // The second round starts from the scale that is best for the first one's levels.
        for _ in 0..<2 {
          let q = ThirtyTwo(
            low: Self.nearestValues(x.low * inverse), high: Self.nearestValues(x.high * inverse))
          let sumXQ = x.dot(q)
          let sumQQ = q.dot(q)
          if sumXQ * sumXQ > bestGain * sumQQ {
            best = sumXQ / sumQQ
            bestGain = sumXQ * best
          }
          inverse = sumQQ / sumXQ
          guard inverse.isFinite else { break }
        }
      }
    }
    return best
  }

  /// The nearest of `values` for each lane.
  private static func nearestValues(_ x: Sixteen) -> Sixteen {
    var nearest = Sixteen(repeating: values[0])
    for index in 0..<15 {
      nearest.replace(
        with: Sixteen(repeating: values[index + 1]), where: x .>= Sixteen(repeating: borders[index])
      )
    }
    return nearest
  }

  private static func indices(_ x: Sixteen) -> Sixteen {
    var indices = Sixteen.zero
    for index in 0..<15 {
      indices.replace(
        with: Sixteen(repeating: Float(index + 1)), where: x .>= Sixteen(repeating: borders[index]))
    }
    return indices
  }
}
