/// Finds scales and levels of a superblock of 256 weights: `x ≈ d·s·q`.
///
/// `d` is a float16 of the superblock, `s` a signed whole number of a group of 16 weights, `q` a
/// signed whole number of one weight. As in `AffineSearch` the plain sum of squared errors falls:
/// a grid of scales of both signs for each group, then `s` and `d` in turn.
struct SymmetricSearch {
  let lowestLevel: Float
  let highestLevel: Float
  let lowestScale: Float
  let highestScale: Float
  /// Scales that the grid tries, as multiples of the one that reaches the largest weight.
  let stretches: [Float]

  private(set) var d = Float16(0)
  private(set) var scales = [Float](repeating: 0, count: 16)
  private(set) var levels = [Sixteen](repeating: .zero, count: 16)
  private var weights = [Sixteen](repeating: .zero, count: 16)
  private var idealScales = [Float](repeating: 0, count: 16)

  init(levels: ClosedRange<Float>, scales: ClosedRange<Float>, stretches: [Float]) {
    lowestLevel = levels.lowerBound
    highestLevel = levels.upperBound
    lowestScale = scales.lowerBound
    highestScale = scales.upperBound
    self.stretches = stretches
  }

  /// Fits 256 weights; the result is in `d`, `scales` and `levels`.
  mutating func fit(_ x: UnsafePointer<Float>) {
    var widest: Float = 0
    for group in weights.indices {
      weights[group] = Sixteen(loading: x + group * 16)
      idealScales[group] = idealScale(weights[group])
      if abs(idealScales[group]) > abs(widest) { widest = idealScales[group] }
    }
    var best = Float.infinity
    var kept = self
    for divisor in [lowestScale, lowestScale + 1, highestScale, highestScale - 1] {
      d = Float16(saturating: widest / divisor)
      let error = descend()
      if error < best {
        best = error
        kept = self
      }
    }
    self = kept
  }

  private mutating func descend() -> Float {
    for group in weights.indices {
      let steps = d == 0 ? 0 : (idealScales[group] / Float(d)).rounded()
      scales[group] = max(lowestScale, min(highestScale, steps))
    }
    var error = chooseScales()
    for _ in 0..<3 {
      let before = (d, scales, levels)
      refitSuperblock()
      let next = chooseScales()
      if next >= error {
        (d, scales, levels) = before
        break
      }
      error = next
    }
    return error
  }
}

// MARK: - One group

extension SymmetricSearch {
  @inline(__always) private func levels(_ x: Sixteen, _ inverse: Float) -> Sixteen {
    x.levels(plus: 0, times: inverse, from: lowestLevel, to: highestLevel)
  }

  /// The scale of one group, not yet rounded, of either sign.
  private func idealScale(_ x: Sixteen) -> Float {
    let reach = max(x.largest, -x.smallest)
    guard reach > 0, (highestLevel / reach).isFinite else { return 0 }
    var best: Float = 0
    var bestGain: Float = 0
    for stretch in stretches {
      let inverse = -lowestLevel * stretch / reach
      for direction in [inverse, -inverse] {
        let q = levels(x, direction)
        let sumXQ = x.dot(q)
        let sumQQ = q.dot(q)
        // What is left of the error is the sum of x² less this gain.
        guard sumQQ > 0, sumXQ * sumXQ > bestGain * sumQQ else { continue }
        best = sumXQ / sumQQ
        bestGain = sumXQ * best
      }
    }
    return refined(best, x)
  }

  /// Levels for the scale, then the scale for the levels, once more each.
  private func refined(_ scale: Float, _ x: Sixteen) -> Float {
    guard scale != 0, (1 / scale).isFinite else { return scale }
    let q = levels(x, 1 / scale)
    let sumQQ = q.dot(q)
    return sumQQ > 0 ? x.dot(q) / sumQQ : scale
  }
}

// MARK: - The superblock

extension SymmetricSearch {
  /// Tries the neighbours of every group's scale; returns the sum of squared errors.
  private mutating func chooseScales() -> Float {
    let d = Float(d)
    var sum: Float = 0
    for group in weights.indices {
      let x = weights[group]
      let scale = scales[group]
      var best = Float.infinity
      let low = max(lowestScale, scale - 1)
      for s in stride(from: low, through: min(highestScale, scale + 1), by: 1) {
        let step = d * s
        let inverse = 1 / step
        let q = inverse.isFinite ? levels(x, inverse) : .zero
        let error = x.squaredError(q, times: step, minus: 0)
        if error < best {
          best = error
          (scales[group], levels[group]) = (s, q)
        }
      }
      sum += best
    }
    return sum
  }

  /// Least squares for `d` over all weights, with the whole numbers as they are.
  private mutating func refitSuperblock() {
    var (ss, xs): (Float, Float) = (0, 0)
    for group in weights.indices {
      let s = scales[group]
      ss += s * s * levels[group].dot(levels[group])
      xs += s * weights[group].dot(levels[group])
    }
    if ss > 0 { d = Float16(saturating: xs / ss) }
  }
}
