import Attribution
import Testing

@testable import AttributionMethods

@Suite struct StandardizedLassoTests {
  private let rows: [[Double]] = [
    [1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 1],
    [1, 1, 1, 0], [0, 0, 0, 1], [1, 0, 1, 0], [0, 1, 1, 1],
  ]
  private let targets = [-0.9, -3.1, -1.2, -4.0, -1.1, -2.9, -1.0, -3.8, -1.3, -2.2]

  /// From scikit-learn 1.9: `StandardScaler` then `Lasso(alpha, tol=1e-14)`, weights brought back to
  /// the scale of the columns.
  private static let published: [(alpha: Double, weights: [Double], intercept: Double)] = [
    (0.01, [2.24931196395, 0.500688036045, 0.290367495363, 0.345871783727], -3.87215638908),
    (0.1, [1.97142857143, 0.328571428571, 0, 0.0285714285714], -3.31428571429),
    (0.5, [1.1, 0, 0, 0], -2.7),
  ]

  @Test(arguments: 0..<3)
  func `weights equal scikit-learn's`(index: Int) {
    let expected = Self.published[index]
    let fit = StandardizedLasso(rows: rows, targets: targets, alpha: expected.alpha)
    for (found, wanted) in zip(fit.weights, expected.weights) { #expect(isNear(found, wanted)) }
    #expect(isNear(fit.intercept, expected.intercept))
  }

  @Test func `orthogonal columns shrink by the soft threshold, each by itself`() {
    // All rows of two signs: columns of mean 0 and variance 1 that do not correlate.
    let signs: [[Double]] = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    let targets = signs.map { 3 * $0[0] - 0.2 * $0[1] + 7 }
    let fit = StandardizedLasso(rows: signs, targets: targets, alpha: 0.5)
    #expect(isNear(fit.weights[0], 2.5))
    #expect(fit.weights[1] == 0)
    #expect(isNear(fit.intercept, 7))
  }

  @Test func `without a penalty a linear function is found again`() {
    let targets = rows.map { 1.5 * $0[0] - 2 * $0[1] + 0.25 * $0[3] - 4 }
    let fit = StandardizedLasso(rows: rows, targets: targets, alpha: 0)
    for (found, wanted) in zip(fit.weights, [1.5, -2, 0, 0.25]) {
      #expect(isNear(found, wanted, tolerance: 1e-8))
    }
    for (row, target) in zip(rows, targets) {
      #expect(isNear(fit.prediction(row), target, tolerance: 1e-8))
    }
  }

  @Test func `a penalty above every correlation leaves the mean alone`() {
    let fit = StandardizedLasso(rows: rows, targets: targets, alpha: 100)
    #expect(fit.weights == [0, 0, 0, 0])
    #expect(isNear(fit.intercept, targets.reduce(0, +) / Double(targets.count)))
  }

  @Test func `a constant column gets no weight`() {
    let fit = StandardizedLasso(
      rows: rows.map { $0 + [1] }, targets: targets, alpha: 0.01)
    #expect(fit.weights[4] == 0)
    let without = StandardizedLasso(rows: rows, targets: targets, alpha: 0.01)
    #expect(Array(fit.weights.prefix(4)) == without.weights)
  }

  @Test(arguments: UInt64(1)...20)
  func `the conditions of an optimum hold`(seed: UInt64) {
    // Karush-Kuhn-Tucker: a column's mean product with the residuals is alpha with the weight's
    // sign, and at most alpha where the weight is 0.
    var generator = SplitMix64(seed: seed)
    let columns = 6
    let alpha = 0.05 * Double(1 + seed % 4)
    let rows = (0..<40).map { _ in (0..<columns).map { _ in Double(generator.below(2)) } }
    let targets = rows.map { row in
      Double(generator.below(1000)) / 500 - 3 * row[0] + row[1] * row[2]
    }
    let fit = StandardizedLasso(rows: rows, targets: targets, alpha: alpha)
    let residuals = zip(rows, targets).map { $1 - fit.prediction($0) }
    for column in 0..<columns {
      let values = rows.map { $0[column] }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      let product =
        zip(values, residuals).reduce(0) { $0 + ($1.0 - mean) * $1.1 }
        / Double(values.count) / variance.squareRoot()
      if fit.weights[column] == 0 {
        #expect(abs(product) <= alpha + 1e-9)
      } else {
        #expect(isNear(product, fit.weights[column] > 0 ? alpha : -alpha, tolerance: 1e-9))
      }
    }
    #expect(fit.weights.contains { $0 != 0 })
  }
}

func isNear(_ left: Double, _ right: Double, tolerance: Double = 1e-10) -> Bool {
  abs(left - right) <= tolerance
}
