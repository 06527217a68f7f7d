/// Shapley values from a leverage sample, by weighted least squares under efficiency.
///
/// With x = 1 for the players of S and -1 for the others, a pair says that the sum of x times the
/// values is v(S) - v(N without S). The values are those that miss these equations least, weighted as
/// in the least-squares form of the Shapley value, each size by its whole weight, and sum to exactly
/// v(N) - v(nobody). Whatever interactions of two players do cancels in a pair, so a game with no
/// others misses nothing and its values are exact.
///
/// The standard error is a jackknife over pairs within each size, in its linear form: a pair's part is
/// what it misses over one minus its leverage. Sizes that were taken whole add nothing, and of others
/// only the part that was not drawn counts. Estimate +- 1.96 errors covers the exact value at about
/// 95 %; tests hold it to that over games of several kinds.
struct LeverageEstimate {
  /// Values are multiples of 2^-20 micro-nats.
  static let unit: Int128 = 1 << 20

  /// By player, over `unit`.
  let values: ExactValues
  /// By player, in the unit of the values.
  let standardErrors: [Double]

  /// `difference` is v(S) - v(N without S).
  ///
  /// Integers, and additions, multiplications, divisions and square roots of doubles in a fixed order:
  /// the same bits on every machine.
  init(
    _ sample: LeverageSample, gain: MicroNats,
    difference: (Coalition) throws(GameError) -> MicroNats
  ) throws(GameError) {
    var rows: [Row] = []
    for stratum in sample.strata {
      let weight = stratum.mass / Double(stratum.coalitions.count)
      for coalition in stratum.coalitions {
        rows.append(
          Row(
            signs: (0..<sample.players).map { coalition.contains($0) ? 1 : -1 }, weight: weight,
            difference: Int128(try difference(coalition)) * Self.unit))
      }
    }
    let inverse = Self.constrainedInverse(rows, players: sample.players)
    let numerators = Self.solve(rows, inverse, total: Int128(gain) * Self.unit, sample.players)
    values = ExactValues(numerators: numerators, denominator: Self.unit)
    standardErrors = Self.standardErrors(sample, rows, inverse, numerators)
  }

  /// A pair's equation.
  private struct Row {
    let signs: [Double]
    let weight: Double
    /// Over `unit`.
    let difference: Int128

    /// How far `values` miss the equation; exact.
    func miss(_ values: [Int128]) -> Int128 {
      zip(signs, values).reduce(difference) { $1.0 > 0 ? $0 - $1.1 : $0 + $1.1 }
    }
  }

  /// Maps the gradient at values with the right sum to the step that leads to the solution.
  private static func constrainedInverse(_ rows: [Row], players: Int) -> [[Double]] {
    // Ones everywhere add nothing to steps that sum to 0, and make the matrix definite.
    var matrix = [[Double]](repeating: [Double](repeating: 1, count: players), count: players)
    for row in rows {
      for (i, sign) in row.signs.enumerated() {
        for (j, other) in row.signs.enumerated() { matrix[i][j] += row.weight * (sign * other) }
      }
    }
    let inverse = inverse(ofDefinite: matrix)
    let sums = inverse.map { $0.reduce(0, +) }
    let total = sums.reduce(0, +)
    return inverse.indices.map { i in
      inverse.indices.map { j in inverse[i][j] - sums[i] * sums[j] / total }
    }
  }

  /// Steps from equal values to the solution; misses are taken exactly, so that a few steps reach it to
  /// the last unit wherever the equations hold exactly.
  private static func solve(
    _ rows: [Row], _ inverse: [[Double]], total: Int128, _ players: Int
  ) -> [Int128] {
    var values = equalParts(of: total, players)
    for _ in 0..<4 {
      var gradient = [Double](repeating: 0, count: players)
      for row in rows {
        let pull = row.weight * Double(row.miss(values))
        for (player, sign) in row.signs.enumerated() { gradient[player] += sign * pull }
      }
      let steps = inverse.map { Int128(product($0, gradient).rounded()) }
      let excess = equalParts(of: -steps.reduce(0, +), players)
      for player in values.indices { values[player] += steps[player] + excess[player] }
    }
    return values
  }

  /// Integers that sum to `total` and differ by at most one.
  private static func equalParts(of total: Int128, _ count: Int) -> [Int128] {
    apportion(
      numerators: [Int128](repeating: total, count: count), denominator: Int128(max(1, count)),
      total: count == 0 ? 0 : total)
  }

  private static func standardErrors(
    _ sample: LeverageSample, _ rows: [Row], _ inverse: [[Double]], _ values: [Int128]
  ) -> [Double] {
    var variances = [Double](repeating: 0, count: sample.players)
    var first = 0
    for stratum in sample.strata {
      let count = stratum.coalitions.count
      let own = rows[first..<first + count]
      first += count
      if stratum.isComplete || count < 2 { continue }
      let parts = own.map { part(of: $0, inverse, values) }
      let drawn = Double(count) / Double(stratum.population)
      let factor = (1 - drawn) * Double(count) / Double(count - 1)
      for player in variances.indices {
        let mean = parts.reduce(0.0) { $0 + $1[player] } / Double(count)
        let squares = parts.reduce(0.0) { sum, part in
          sum + (part[player] - mean) * (part[player] - mean)
        }
        variances[player] += factor * squares
      }
    }
    return variances.map { $0.squareRoot() / Double(unit) }
  }

  /// What the values would move by without the pair, to first order.
  private static func part(
    of row: Row, _ inverse: [[Double]], _ values: [Int128]
  ) -> [Double] {
    let direction = inverse.map { product($0, row.signs) }
    let leverage = row.weight * product(direction, row.signs)
    // A pair that nearly determines a value by itself misses nearly nothing: its part is bounded.
    let scale = row.weight * Double(row.miss(values)) / max(1 - leverage, 1.0 / 16)
    return direction.map { $0 * scale }
  }
}

private func product(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

/// The inverse of a symmetric positive definite matrix, by elimination without exchanges.
private func inverse(ofDefinite matrix: [[Double]]) -> [[Double]] {
  let count = matrix.count
  var left = matrix
  var right = (0..<count).map { i in (0..<count).map { $0 == i ? 1.0 : 0.0 } }
  for pivot in 0..<count {
    let scale = 1 / left[pivot][pivot]
    for j in 0..<count {
      left[pivot][j] *= scale
      right[pivot][j] *= scale
    }
    for i in 0..<count where i != pivot {
      let factor = left[i][pivot]
      for j in 0..<count {
        left[i][j] -= factor * left[pivot][j]
        right[i][j] -= factor * right[pivot][j]
      }
    }
  }
  return right
}
