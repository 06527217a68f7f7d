import Foundation

/// What one method did over all items.
struct MethodSummary {
  /// How many documents are removed for each log-probability drop.
  static let depths = [1, 3, 5]

  var credited = 0
  var correlations: [Double] = []
  /// The same less that of ContextCite, item by item.
  var advantages: [Double] = []
  /// The same between owners, over all of their coalitions.
  var ownerCorrelations: [Double] = []
  /// Sums in nats, by depth.
  var drops = [Double](repeating: 0, count: Self.depths.count)
  var residuals: [Double] = []
  var coalitions: [Double] = []

  mutating func add(_ verdict: Verdict, _ answered: AnsweredItem, correlation: Double?) {
    if let correlation { correlations.append(correlation) }
    if let residual = verdict.residual { residuals.append(residual) }
    let everyone = answered.partition.everyDocument
    for (index, depth) in Self.depths.enumerated() {
      let without = everyone.subtracting(verdict.top(depth))
      drops[index] += answered.nats(everyone) - answered.nats(without)
    }
  }
}

extension [Double] {
  var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }

  var median: Double { quantile(0.5) }

  /// The value at a rank, the lower of two.
  func quantile(_ rank: Double) -> Double {
    isEmpty ? 0 : sorted()[Int(Double(count - 1) * rank)]
  }

  /// The standard error of the mean.
  var standardError: Double {
    guard count > 1 else { return 0 }
    let mean = mean
    let squares = reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(count - 1) / Double(count)).squareRoot()
  }
}

func figure(_ value: Double, _ digits: Int = 3) -> String {
  String(format: "%.\(digits)f", value)
}

/// Seconds that `body` takes.
func seconds<Result>(_ body: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
  let clock = ContinuousClock()
  let start = clock.now
  let result = try body()
  let taken = (clock.now - start).components
  return (Double(taken.seconds) + Double(taken.attoseconds) * 1e-18, result)
}
