import Attribution
import AttributionMethods

/// How good sampled Shapley values are for what they look at, beside ContextCite's 64 ablations.
struct BudgetReport {
  private static let pairs = [2, 4, 8, 16]

  fileprivate struct Budget {
    var coalitions: [Double] = []
    var correlations: [Double] = []
    /// Of a document's value, over v(everyone) - v(nobody).
    var errors: [Double] = []
  }

  private var sampled: [Int: Budget] = [:]
  private var ablated = Budget()

  /// Each is judged on coalitions that itself did not look at.
  mutating func add(_ run: MethodRun) throws {
    let exact = try run.library(run.plan(.shapley)).documents
    for pairs in Self.pairs {
      let plan = AttributionPlan(
        partition: run.partition, seed: run.seed,
        limits: AttributionPlan.Limits(exactPlayers: 0, pairs: pairs))
      sampled[pairs, default: Budget()].add(try run.library(plan), run, exact: exact)
    }
    ablated.add(try run.verdict(.contextCite), run, exact: exact)
  }

  var markdown: String {
    let rows = Self.pairs.compactMap { pairs in
      sampled[pairs].map { row("Shapley, \(pairs) pairs", $0) }
    }
    return """
      What sampling costs and brings there, each method judged on up to 32 coalitions that it did not \
      look at itself; the error is a document's, in percent of v(everyone) - v(nobody).

      | | coalitions | LDS | error, mean | error, greatest of 95 % |
      | --- | --- | --- | --- | --- |
      \((rows + [row("ContextCite-style", ablated, hasError: false)]).joined(separator: "\n"))
      """
  }

  private func row(_ name: String, _ budget: Budget, hasError: Bool = true) -> String {
    let errors = [budget.errors.mean, budget.errors.quantile(0.95)].map { figure(100 * $0, 2) }
    return "| \(name) | \(figure(budget.coalitions.mean, 1)) "
      + "| \(figure(budget.correlations.mean)) ± \(figure(budget.correlations.standardError)) "
      + "| \((hasError ? errors : ["-", "-"]).joined(separator: " | ")) |"
  }
}

extension BudgetReport.Budget {
  fileprivate mutating func add(_ verdict: Verdict, _ run: MethodRun, exact: [Double]) {
    let heldOut = DatamodelingScore.heldOut(
      players: run.partition.documents, excluding: verdict.coalitions, seed: run.seed)
    coalitions.append(Double(verdict.asked ?? verdict.coalitions.count))
    let correlation = DatamodelingScore.score(
      weights: verdict.documents, coalitions: heldOut, values: heldOut.map { run.answered.nats($0) }
    )
    if let correlation { correlations.append(correlation) }
    let gain = max(1e-6, abs(Double(run.answered.gain) / 1e6))
    errors += zip(verdict.documents, exact).map { abs($0 - $1) / gain }
  }
}
