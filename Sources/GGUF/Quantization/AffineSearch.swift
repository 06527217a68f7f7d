/// Finds scales, offsets and levels of a superblock of 256 weights: `x ≈ d·s·q − dmin·m`.
///
/// `d` and `dmin` are float16 and belong to the superblock; `s` and `m`, whole numbers, to a group
/// of 16 or 32 weights; `q`, a whole number from 0, to one weight. The search lowers the plain sum
/// of squared errors: a grid of scales for each group, refined by least squares; then, in turn,
/// whole numbers `s` and `m` near the best, and `d` and `dmin` by least squares over all groups.
struct AffineSearch<Group: WeightGroup> {
  /// The highest `q`.
  let highestLevel: Float
  /// The highest `s` and `m`.
  let highestScale: Float
  /// Steps over the range of a group that the grid tries, as multiples of `highestLevel`.
  let stretches: [Float]

  private(set) var d = Float16(0)
  private(set) var dmin = Float16(0)
  private(set) var scales: [Float]
  private(set) var offsets: [Float]
  private(set) var levels: [Group]
  private var weights: [Group]
  private var idealScales: [Float]
  private var idealOffsets: [Float]

  init(highestLevel: Float, highestScale: Float, stretches: [Float]) {
    self.highestLevel = highestLevel
    self.highestScale = highestScale
    self.stretches = stretches
    let count = 256 / Group.count
    let zeros = [Float](repeating: 0, count: count)
    (scales, offsets, idealScales, idealOffsets) = (zeros, zeros, zeros, zeros)
    levels = Array(repeating: Group.zero, count: count)
    weights = levels
  }

  /// Fits 256 weights; the result is in `d`, `dmin`, `scales`, `offsets` and `levels`.
  mutating func fit(_ x: UnsafePointer<Float>) {
    for group in weights.indices {
      weights[group] = Group(loading: x + group * Group.count)
      (idealScales[group], idealOffsets[group]) = idealFit(weights[group])
    }
    var best = Float.infinity
    var kept = self
    for divisor in [highestScale, highestScale + 0.4, highestScale - 0.6] {
      d = Float16(saturating: (idealScales.max() ?? 0) / divisor)
      dmin = Float16(saturating: (idealOffsets.max() ?? 0) / divisor)
      let error = descend(below: best)
      if error < best {
        best = error
        kept = self
      }
    }
    self = kept
  }

  /// Alternates between whole numbers and the superblock's scales while the error falls.
  private mutating func descend(below bound: Float) -> Float {
    startFromIdeal()
    var error = chooseWholeNumbers()
    for _ in 0..<4 {
      let before = (d, dmin, scales, offsets, levels)
      refitSuperblock()
      let next = chooseWholeNumbers()
      if next >= error {
        (d, dmin, scales, offsets, levels) = before
        break
      }
      let gain = error - next
      error = next
      if gain < error * 1e-3 { break }
    }
    return error
  }
}

// MARK: - One group

extension AffineSearch {
  /// The scale and offset of one group, not yet rounded: both at least zero.
  private func idealFit(_ x: Group) -> (scale: Float, offset: Float) {
    let low = min(x.smallest, 0)
    let range = x.largest - low
    guard range > 0 else { return (0, -low) }
    var best = (scale: range / highestLevel, offset: -low)
    var bestError = Float.infinity
    for stretch in stretches {
      var scale = range / (highestLevel * stretch)
      var offset = -low
      // The first round fits the grid's own step, the second what least squares made of it.
      for _ in 0..<2 {
        guard scale > 0, scale.isFinite else { break }
        let q = x.levels(plus: offset, times: 1 / scale, from: 0, to: highestLevel)
        (scale, offset) = leastSquares(x, q)
        let error = x.squaredError(q, times: scale, minus: offset)
        if error < bestError {
          bestError = error
          best = (scale, offset)
        }
      }
    }
    return best
  }

  /// The scale and offset that are best for given levels, the offset kept at least zero.
  private func leastSquares(_ x: Group, _ q: Group) -> (scale: Float, offset: Float) {
    let count = Float(Group.count)
    let sumX = x.total
    let sumQ = q.total
    let sumQQ = q.dot(q)
    let sumXQ = x.dot(q)
    let determinant = count * sumQQ - sumQ * sumQ
    guard determinant > 0 else {
      // All levels are equal: a multiple of the scale if that can be, the offset alone if not.
      return sumX > 0 && sumQQ > 0 ? (sumXQ / sumQQ, 0) : (0, max(0, -sumX / count))
    }
    let scale = (count * sumXQ - sumX * sumQ) / determinant
    let offset = (sumQ * sumXQ - sumX * sumQQ) / determinant
    if scale > 0, offset >= 0 { return (scale, offset) }
    return (max(0, sumXQ / sumQQ), 0)
  }
}

// MARK: - The superblock

extension AffineSearch {
  private mutating func startFromIdeal() {
    for group in weights.indices {
      scales[group] = whole(idealScales[group], of: d)
      offsets[group] = whole(idealOffsets[group], of: dmin)
    }
  }

  private func whole(_ value: Float, of unit: Float16) -> Float {
    guard unit > 0 else { return 0 }
    let steps = (value / Float(unit)).rounded()
    return max(0, min(highestScale, steps))
  }

  /// Tries the neighbours of every group's scale and offset; returns the sum of squared errors.
  private mutating func chooseWholeNumbers() -> Float {
    let d = Float(d)
    let dmin = Float(dmin)
    var sum: Float = 0
    for group in weights.indices {
      let x = weights[group]
      let (scale, offset) = (scales[group], offsets[group])
      var best = Float.infinity
      for m in neighbours(of: offset) {
        let shift = dmin * m
        for s in neighbours(of: scale) {
          let step = d * s
          let q =
            step > 0
            ? x.levels(plus: shift, times: 1 / step, from: 0, to: highestLevel) : .zero
          let error = x.squaredError(q, times: step, minus: shift)
          if error < best {
            best = error
            (scales[group], offsets[group], levels[group]) = (s, m, q)
          }
        }
      }
      sum += best
    }
    return sum
  }

  private func neighbours(of value: Float) -> StrideThrough<Float> {
    stride(from: max(0, value - 1), through: min(highestScale, value + 1), by: 1)
  }

  /// Least squares for `d` and `dmin` over all weights, with the whole numbers as they are.
  private mutating func refitSuperblock() {
    var (ss, sm, mm, xs, xm): (Float, Float, Float, Float, Float) = (0, 0, 0, 0, 0)
    for group in weights.indices {
      let (x, q) = (weights[group], levels[group])
      let (s, m) = (scales[group], offsets[group])
      ss += s * s * q.dot(q)
      sm += s * m * q.total
      mm += m * m * Float(Group.count)
      xs += s * x.dot(q)
      xm += m * x.total
    }
    let determinant = ss * mm - sm * sm
    if determinant > 0 {
      let newD = (xs * mm - xm * sm) / determinant
      let newMin = (xs * sm - xm * ss) / determinant
      if newD > 0, newMin >= 0 {
        d = Float16(saturating: newD)
        dmin = Float16(saturating: newMin)
      }
    } else if ss > 0, xs > 0 {
      d = Float16(saturating: xs / ss)
    }
  }
}
