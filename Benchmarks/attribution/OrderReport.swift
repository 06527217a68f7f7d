import Answering
import Attribution
import AttributionMethods
import Foundation

/// What the order of passages does to who is credited.
struct OrderReport {
  private static let documents = 3

  private var (independent, differing) = (0, 0)
  private var (joint, changedAnswers, changedTops) = (0, 0, 0)
  /// By item: the mean standard deviation of a document's value over orders, over the mean gain.
  private var spreads: [Method: [Double]] = [:]
  private let path: String?

  init(_ bench: Bench, joint path: String?, items: Int) throws {
    self.path = path
    let reader = try path.map { try JointReader(path: $0, engine: bench.engine) }
    let every = max(1, bench.places.count / max(1, items))
    for (number, place) in bench.places.enumerated() where number.isMultiple(of: every) {
      let item = bench.builder.single(
        place, documents: Self.documents, owners: Self.documents)
      let orders = permutations(Self.documents)
      try addIndependent(item, orders, bench)
      if let reader, reader.fits(item) { try addJoint(item, orders, reader) }
    }
  }

  private mutating func addIndependent(
    _ item: PlantedItem, _ orders: [[Int]], _ bench: Bench
  ) throws {
    let reports = try orders.map { order in
      let answerer = bench.engine.answerer
      let answer = try answerer.answer(item.question, sources: order.map { item.sources[$0] })
      let report = try answerer.attribute(answer, seed: bench.seed)
      return (answer.text, report.influence)
    }
    independent += reports.count
    differing += reports.count { $0.0 != reports[0].0 || $0.1 != reports[0].1 }
  }

  private mutating func addJoint(
    _ item: PlantedItem, _ orders: [[Int]], _ reader: JointReader
  ) throws {
    guard let place = try reader.answer(item, order: orders[0]) else { return }
    joint += 1
    let answers = try orders.map { try reader.answer(item, order: $0) }
    changedAnswers += answers.contains { $0 != place } ? 1 : 0
    let games = try orders.map { try reader.shapley(item, order: $0, quoting: place) }
    let gain = max(1e-6, games.map { abs(Double($0.gain)) }.mean)
    let values: [Method: [[Double]]] = [
      .shapley: games.map { $0.shapley().doubles },
      .leaveOneOut: games.map { $0.leaveOneOut().map { Double($0) } },
      .banzhaf: games.map { $0.banzhaf().doubles },
    ]
    for (method, rows) in values {
      let deviations = (0..<Self.documents).map { document in
        deviation(rows.map { $0[document] })
      }
      spreads[method, default: []].append(deviations.mean / gain)
    }
    let tops = (values[.shapley] ?? []).map { row in row.firstIndex(of: row.max() ?? 0) }
    changedTops += Set(tops).count > 1 ? 1 : 0
  }

  private func deviation(_ values: [Double]) -> Double {
    let mean = values.mean
    return values.map { ($0 - mean) * ($0 - mean) }.mean.squareRoot()
  }

  private func permutations(_ count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    return permutations(count - 1).flatMap { shorter in
      (0...shorter.count).reversed().map { place in
        Array(shorter[..<place]) + [count - 1] + shorter[place...]
      }
    }
  }

  var markdown: String {
    let rows = [Method.shapley, .leaveOneOut, .banzhaf].map { method in
      let spread = spreads[method] ?? []
      return
        "| \(method.rawValue) | \(differing == 0 ? "0" : "-") | \(figure(100 * spread.mean, 2)) "
        + "| \(figure(100 * spread.quantile(0.95), 2)) |"
    }
    let independently = """
      ## The order of passages

      Independent mode: \(independent) answers to the same questions over \(Self.documents) passages \
      in every order; \(differing) differ from the first order's in text or in any value.
      """
    guard let path, joint > 0 else {
      return independently + "\n\nJoint mode was not measured: no `--joint` model was given.\n"
    }
    return """
      \(independently)

      Joint mode, \((path as NSString).lastPathComponent), a reader of the same size trained on one \
      ordinary prompt: \(joint) items. Another order of the same passages changes the sentence quoted \
      in \(changedAnswers), and with the sentence held fixed whom the Shapley value names first in \
      \(changedTops). The standard deviation of a document's value over the \
      \(permutations(Self.documents).count) orders, in percent of v(everyone) - v(nobody):

      | method | independent | joint, mean | joint, greatest of 95 % |
      | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      """
  }
}
