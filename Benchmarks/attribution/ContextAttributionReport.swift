import Answering
import Attribution
import AttributionMethods
import BenchmarkSupport

/// Whom a chat model's values name in each context mode, the answer being the question set's.
struct ContextAttributionReport {
  private static let methods: [Method] = [.library, .leaveOneOut, .contextCite]
  private static let orders = 6

  private struct Row: Hashable {
    let mode: ContextMode
    let method: Method
  }

  private struct Order {
    var items = 0
    /// Answers to the same sources in another order of the list that differ in a value.
    var differing = 0
    var lists = 0
    /// By item: the mean standard deviation of an owner's value over orders of the names, over the
    /// mean gain.
    var spreads: [Double] = []
    var changedTops = 0
  }

  private var summaries: [Row: MethodSummary] = [:]
  private var residuals: [ContextMode: Int] = [:]
  private var orders: [ContextMode: Order] = [:]
  /// The gold document's exact Owen value over the gain.
  private var goldShares: [ContextMode: [Double]] = [:]
  private var items = 0

  mutating func add(
    _ item: PlantedItem, _ chat: ChatModes, _ modes: [ContextMode], _ engine: Engine,
    seed: UInt64
  ) throws {
    items += 1
    for mode in modes {
      try add(item, answerer: chat.answerer(mode), engine, seed: seed)
    }
  }

  private mutating func add<Maker: TextValuing>(
    _ item: PlantedItem, answerer: Maker, _ engine: Engine, seed: UInt64
  ) throws {
    let mode = answerer.mode
    let answer = try answerer.answer(item.question, sources: item.sources, saying: item.answer)
    let answered = try AnsweredItem(item, answer: answer, answerer: answerer)
    let run = MethodRun(
      answered: answered, partition: answered.partition, engine: engine, seed: seed)
    let verdicts = try Dictionary(
      uniqueKeysWithValues: Self.methods.map { ($0, try run.verdict($0)) })
    let coalitions = DatamodelingScore.heldOut(
      players: run.partition.documents,
      excluding: verdicts.values.reduce([]) { $0.union($1.coalitions) }, seed: seed)
    let values = coalitions.map { answered.nats($0) }
    for (method, verdict) in verdicts {
      let score = DatamodelingScore.score(
        weights: verdict.documents, coalitions: coalitions, values: values)
      let row = Row(mode: mode, method: method)
      var summary = summaries[row] ?? MethodSummary()
      summary.add(verdict, answered, correlation: score)
      if answered.owners[verdict.topOwner] == item.owner(.gold) { summary.credited += 1 }
      summaries[row] = summary
    }
    let exact = try run.verdict(.shapley)
    residuals[mode, default: 0] += exact.residual == 0 ? 0 : 1
    if let gold = answered.documents.firstIndex(where: { $0.role == .gold }) {
      let gain = Double(answered.gain) / 1e6
      goldShares[mode, default: []].append(exact.documents[gold] / max(1e-6, abs(gain)))
    }
  }

  /// Values the same answer with the list of sources in other orders, and with other names, which
  /// decide where in the prompt, and under which number, a passage stands.
  mutating func addOrders(
    _ item: PlantedItem, _ chat: ChatModes, seed: UInt64
  ) throws {
    for mode in ContextMode.allCases {
      func influence(_ sources: [Source]) throws -> Influence {
        let answerer = try chat.answerer(mode)
        return try answerer.attribute(
          answerer.answer(item.question, sources: sources, saying: item.answer), seed: seed
        ).influence
      }
      var generator = SplitMix64(seed: seed)
      let first = try influence(item.sources)
      var order = orders[mode] ?? Order()
      order.items += 1
      var values = [first]
      for _ in 1..<Self.orders {
        let permuted = generator.order(of: item.documents.count)
        order.lists += 1
        let listed = try influence(permuted.map { item.sources[$0] })
        order.differing += listed == first ? 0 : 1
        values.append(try influence(item.sources(named: permuted)))
      }
      order.spreads.append(Self.spread(values))
      let tops = values.map { value in
        value.contributors.indices.max {
          value.contributors[$0].shapley < value.contributors[$1].shapley
        }
      }
      order.changedTops += Set(tops).count > 1 ? 1 : 0
      orders[mode] = order
    }
  }

  /// The mean standard deviation of an owner's value, over the mean gain.
  private static func spread(_ values: [Influence]) -> Double {
    let rows = values.map { $0.contributors.map { Double($0.shapley) } }
    let gain = rows.map { abs($0.reduce(0, +)) }.mean
    let deviations = rows[0].indices.map { owner in
      let column = rows.map { $0[owner] }
      return column.map { ($0 - column.mean) * ($0 - column.mean) }.mean.squareRoot()
    }
    return deviations.mean / max(1, gain)
  }

  var markdown: String {
    """
    ## Attribution in both context modes

    The answer of the question set, \(items) questions: whose document is named first (that of the \
    gold passage is right), how well sums of values predict coalitions that no method looked at (LDS), \
    how far owners' values are from v(everyone) - v(nobody), and the gold document's Owen value over \
    that difference. A dash: every coalition was looked at.

    | mode | method | top-1 | LDS | drop, k = 1 | residual |
    | --- | --- | --- | --- | --- | --- |
    \(methodRows)

    \(goldRows)

    """
  }

  var orderMarkdown: String {
    """
    ## The order of a chat model's passages

    The same answer valued \(Self.orders - 1) times with the list of sources in another order, \
    and as often with other names of the documents, which decide where in the prompt a passage stands \
    (joint) or its number alone (independent). Deviation: of an owner's value over the names, in \
    percent of what all bring.

    | mode | lists whose values differ | deviation over names, mean | greatest of 95 % | top owner changes |
    | --- | --- | --- | --- | --- |
    \(orderRows)

    """
  }

  private var methodRows: String {
    ContextMode.allCases.flatMap { mode in
      Self.methods.compactMap { method in
        summaries[Row(mode: mode, method: method)].map { summary in
          let residual =
            summary.residuals.allSatisfy { $0 == 0 } ? "0" : figure(summary.residuals.mean, 2)
          return "| \(mode.rawValue) | \(method.rawValue) "
            + "| \(figure(Double(summary.credited) / Double(max(1, items)))) "
            + "| \(score(summary.correlations)) | \(figure(summary.drops[0] / Double(max(1, items)), 2)) | \(residual) |"
        }
      }
    }.joined(separator: "\n")
  }

  private func score(_ correlations: [Double]) -> String {
    correlations.isEmpty
      ? "-" : "\(figure(correlations.mean)) ± \(figure(correlations.standardError))"
  }

  private var goldRows: String {
    ContextMode.allCases.compactMap { mode in
      goldShares[mode].map { shares in
        "\(mode.rawValue): gold document's exact Owen value over the difference, median "
          + "\(figure(shares.median)); exact values with a residual: \(residuals[mode] ?? 0)."
      }
    }.joined(separator: " ")
  }

  private var orderRows: String {
    ContextMode.allCases.compactMap { mode in
      orders[mode].map { order in
        "| \(mode.rawValue) | \(order.differing) of \(order.lists) "
          + "| \(figure(100 * order.spreads.mean, 2)) "
          + "| \(figure(100 * order.spreads.quantile(0.95), 2)) "
          + "| \(order.changedTops) of \(order.items) |"
      }
    }.joined(separator: "\n")
  }
}
