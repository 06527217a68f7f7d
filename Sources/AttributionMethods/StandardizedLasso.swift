/// LASSO over standardised columns, by cyclic coordinate descent.
///
/// Minimises `|y - Zw - b|^2 / 2n + alpha * |w|_1`, where Z holds the columns with their mean taken
/// off and divided by their standard deviation (over n): what scikit-learn's `StandardScaler` and
/// `Lasso` do one after the other. A constant column gets weight 0.
package struct StandardizedLasso: Sendable, Equatable {
  /// By column, in the unit of the columns as given.
  package let weights: [Double]
  package let intercept: Double

  /// `rows` are observations of equal length, one for each of `targets`.
  ///
  /// A sweep over all columns costs `rows * columns`; sweeps end when no weight moves by more than
  /// `tolerance` in units of the standardised columns.
  package init(
    rows: [[Double]], targets: [Double], alpha: Double, tolerance: Double = 1e-12,
    maximumSweeps: Int = 100_000
  ) {
    precondition(rows.count == targets.count && !rows.isEmpty, "one row for each target")
    let columns = (rows.first?.indices ?? 0..<0).map { Column(rows, index: $0) }
    let mean = targets.reduce(0, +) / Double(targets.count)
    var residuals = targets.map { $0 - mean }
    var scaled = [Double](repeating: 0, count: columns.count)
    for _ in 0..<maximumSweeps {
      var largest = 0.0
      for (index, column) in columns.enumerated() where !column.isConstant {
        let updated = Self.shrunk(column.correlation(with: residuals) + scaled[index], by: alpha)
        let step = updated - scaled[index]
        guard step != 0 else { continue }
        for row in residuals.indices { residuals[row] -= step * column.values[row] }
        scaled[index] = updated
        largest = max(largest, abs(step))
      }
      if largest <= tolerance { break }
    }
    weights = zip(scaled, columns).map { $0 / $1.deviation }
    intercept = zip(weights, columns).reduce(mean) { $0 - $1.0 * $1.1.mean }
  }

  /// The fitted value of a row.
  package func prediction(_ row: [Double]) -> Double {
    zip(weights, row).reduce(intercept) { $0 + $1.0 * $1.1 }
  }

  /// The soft threshold: what minimises `(w - value)^2 / 2 + alpha * |w|`.
  static func shrunk(_ value: Double, by alpha: Double) -> Double {
    if value > alpha { return value - alpha }
    if value < -alpha { return value + alpha }
    return 0
  }

  /// A column with mean 0 and variance 1.
  private struct Column {
    let values: [Double]
    let mean: Double
    /// 1 for a constant column.
    let deviation: Double
    let isConstant: Bool

    init(_ rows: [[Double]], index: Int) {
      let count = Double(rows.count)
      let mean = rows.reduce(0) { $0 + $1[index] } / count
      let variance = rows.reduce(0) { $0 + ($1[index] - mean) * ($1[index] - mean) } / count
      let isConstant = variance <= 0
      let deviation = isConstant ? 1 : variance.squareRoot()
      self.mean = mean
      self.isConstant = isConstant
      self.deviation = deviation
      values = rows.map { ($0[index] - mean) / deviation }
    }

    /// The mean product with `residuals`; for this column with itself it is 1.
    func correlation(with residuals: [Double]) -> Double {
      zip(values, residuals).reduce(0) { $0 + $1.0 * $1.1 } / Double(values.count)
    }
  }
}
