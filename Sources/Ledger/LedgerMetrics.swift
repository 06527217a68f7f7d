import LedgerWire
import Synchronization

/// Counters of a running ledger, in the text format of Prometheus.
package final class LedgerMetrics: Sendable {
  /// Upper bounds of the histograms in seconds.
  private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

  private struct Histogram {
    var buckets = [Int](repeating: 0, count: LedgerMetrics.bounds.count)
    var count = 0
    var sum = 0.0

    mutating func observe(_ time: Duration) {
      let seconds = time / .seconds(1)
      count += 1
      sum += seconds
      if let index = LedgerMetrics.bounds.firstIndex(where: { seconds <= $0 }) {
        buckets[index] += 1
      }
    }
  }

  private struct State {
    var leaves = 0
    var treeSize = 0
    var waiting = 0
    var failures = 0
    var refusals: [LedgerRefusal.Code: Int] = [:]
    var integration = Histogram()
    var submission = Histogram()
  }

  private let state = Mutex(State())

  package init() {}

  /// An integration that ended with a published tree.
  func integrated(leaves: Int, treeSize: Int, in time: Duration) {
    state.withLock {
      $0.leaves += leaves
      $0.treeSize = treeSize
      $0.integration.observe(time)
    }
  }

  func started(treeSize: Int) { state.withLock { $0.treeSize = treeSize } }

  func failedToIntegrate() { state.withLock { $0.failures += 1 } }

  func waiting(_ count: Int) { state.withLock { $0.waiting = count } }

  /// From a batch's arrival to its receipt.
  func receipted(in time: Duration) { state.withLock { $0.submission.observe(time) } }

  func refused(_ code: LedgerRefusal.Code) {
    state.withLock { $0.refusals[code, default: 0] += 1 }
  }

  /// The exposition; every series is there from the start, so that rates begin at zero.
  package var text: String {
    let state = state.withLock { $0 }
    var lines: [String] = []
    let add = { (name: String, type: String, help: String, samples: [String]) in
      lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] + samples
    }
    let value = { (name: String, type: String, help: String, value: Int) in
      add(name, type, help, ["\(name) \(value)"])
    }
    value("tributary_tree_size", "gauge", "Leaves under the checkpoint.", state.treeSize)
    value("tributary_leaves_total", "counter", "Leaves that this process logged.", state.leaves)
    value("tributary_batches_waiting", "gauge", "Batches before integration.", state.waiting)
    value(
      "tributary_integration_failures_total", "counter", "Integrations that failed.",
      state.failures)
    add(
      "tributary_refusals_total", "counter", "Requests that were refused, by kind.",
      LedgerRefusal.Code.allCases.map {
        "tributary_refusals_total{kind=\"\($0.rawValue)\"} \(state.refusals[$0] ?? 0)"
      })
    for (name, help, histogram) in [
      (
        "tributary_integration_seconds", "From the start of an integration to its checkpoint.",
        state.integration
      ),
      (
        "tributary_submission_seconds", "From a batch's arrival to its receipt.",
        state.submission
      ),
    ] {
      add(name, "histogram", help, Self.samples(name, histogram))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func samples(_ name: String, _ histogram: Histogram) -> [String] {
    var total = 0
    var samples: [String] = []
    for (bound, count) in zip(bounds, histogram.buckets) {
      total += count
      samples.append("\(name)_bucket{le=\"\(bound)\"} \(total)")
    }
    return samples + [
      "\(name)_bucket{le=\"+Inf\"} \(histogram.count)", "\(name)_sum \(histogram.sum)",
      "\(name)_count \(histogram.count)",
    ]
  }
}
