import Answering
import Attribution
import AttributionMethods

/// Questions on which two owners have something to say: whom the methods name, and how Shapley values
/// share between the two.
struct PairReport {
  private static let documents = 6
  private static let owners = 4

  fileprivate struct Outcome {
    var (made, right, saidOther) = (0, 0, 0)
    /// Over answers that say either of the two answers, by method.
    var named: [Method: Int] = [:]
    var both: [Method: Int] = [:]
    var judged = 0
    /// Of the positive Shapley values, that of the owner who says what the answer says, and of the
    /// other of the two.
    var (saying, other): ([Double], [Double]) = ([], [])
  }

  private var outcomes: [PlantedItemBuilder.SecondSource: Outcome] = [:]
  private var asked = 0

  init(_ bench: Bench) throws {
    for (number, place) in bench.places.enumerated() {
      asked += 1
      for kind in PlantedItemBuilder.SecondSource.allCases {
        let item = bench.builder.pair(
          place, kind, documents: Self.documents, owners: Self.owners)
        guard let item else { continue }
        outcomes[kind, default: Outcome()].made += 1
        let answered = try AnsweredItem(item, answerer: bench.engine.answerer)
        let run = MethodRun(
          answered: answered, partition: answered.partition, engine: bench.engine,
          seed: bench.seed &+ UInt64(number))
        try outcomes[kind]?.add(run)
      }
    }
  }

  var markdown: String {
    let kinds = PlantedItemBuilder.SecondSource.allCases.filter { outcomes[$0] != nil }
    let shares = kinds.compactMap { kind in
      outcomes[kind].map { outcome in
        let saidOther = kind == .contradiction ? String(outcome.saidOther) : "-"
        return "| \(kind.rawValue) | \(outcome.made) | \(outcome.right) | \(saidOther) "
          + "| \(figure(outcome.saying.mean)) | \(figure(outcome.other.mean)) |"
      }
    }
    let rows = Method.allCases.map { method in
      let cells = kinds.compactMap { outcomes[$0] }.flatMap { outcome in
        [outcome.named[method] ?? 0, outcome.both[method] ?? 0].map {
          figure(Double($0) / Double(max(1, outcome.judged)))
        }
      }
      return "| \(method.rawValue) | \(cells.joined(separator: " | ")) |"
    }
    let titles = kinds.map { "\($0.rawValue): top-1 | both" }.joined(separator: " | ")
    return """
      ## Two owners have something to say

      \(Self.documents) passages of \(Self.owners) owners, two of them planted. Of \(asked) questions, \
      those whose paragraph allows it. The shares are of the positive Shapley values: of who is \
      quoted, and of the other of the two.

      | | made | right | says the other answer | share of who is quoted | share of the other |
      | --- | --- | --- | --- | --- | --- |
      \(shares.joined(separator: "\n"))

      Top-1: the owner named first has a document that says what the answer says. Both: the first two \
      are the two planted ones.

      | method | \(titles) |
      | --- |\(String(repeating: " --- |", count: 2 * kinds.count))
      \(rows.joined(separator: "\n"))

      """
  }
}

extension PairReport.Outcome {
  fileprivate mutating func add(_ run: MethodRun) throws {
    let answered = run.answered
    let item = answered.item
    right += answered.isRight ? 1 : 0
    let saysOther = item.falseAnswer.map { answered.says($0) } ?? false
    saidOther += saysOther ? 1 : 0
    var said: [String] = answered.isRight ? [item.answer] : []
    if saysOther, let other = item.falseAnswer { said.append(other) }
    guard !answered.answer.isRefusal, !said.isEmpty else { return }
    judged += 1
    let sayers = said.reduce(into: Set<Int>()) { $0.formUnion(item.owners(saying: $1)) }
    let planted = Set(item.documents.filter { $0.role != .distractor }.map(\.owner))
    for method in Method.allCases {
      let verdict = try run.verdict(method)
      let ranked = verdict.owners.indices.sorted {
        (verdict.owners[$1], $0) < (verdict.owners[$0], $1)
      }.map { answered.owners[$0] }
      if sayers.contains(ranked[0]) { named[method, default: 0] += 1 }
      if Set(ranked.prefix(2)) == planted { both[method, default: 0] += 1 }
      if method == .shapley { share(verdict, answered, planted) }
    }
  }

  /// By what the answer quotes, since two owners may say the same.
  private mutating func share(
    _ verdict: Verdict, _ answered: AnsweredItem, _ planted: Set<Int>
  ) {
    let positive = verdict.owners.map { max(0, $0) }
    let sum = max(1e-9, positive.reduce(0, +))
    guard let cited = answered.answer.citations.first else { return }
    let quoted = answered.answer.sources[cited.source].player
    for (owner, value) in zip(answered.owners, positive) where planted.contains(owner) {
      if owner == quoted { saying.append(value / sum) } else { other.append(value / sum) }
    }
  }
}
