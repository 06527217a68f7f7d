import Answering
import Attribution
import AttributionMethods
import BenchmarkSupport

/// What attribution costs, in the time of the answer that it is about.
///
/// Everything is measured on the same answer in turn: the answer with nothing cached, then each way
/// of valuing it. Only ContextCite as published computes every ablation from its first token.
struct CostReport {
  enum Way: String, CaseIterable {
    case leaveOneOutOwners = "leave-one-out of the owners"
    case leaveOneOut = "leave-one-out of owners and documents"
    case owners = "Shapley of the owners alone"
    case library = "**Shapley (Owen), as `ask` does**"
    case shapley = "Shapley (Owen), exact"
    case sampled = "Shapley, owners sampled"
    case banzhaf = "Banzhaf, all coalitions of documents"
    case ablations = "ContextCite-style, on shared passages"
    case contextCite = "ContextCite-style, as published"
  }

  private struct Cost {
    var coalitions: [Double] = []
    var tokens: [Double] = []
    var seconds: [Double] = []
    /// Over the answer's time, and under ContextCite's as published.
    var fractions: [Double] = []
    var speedups: [Double] = []
  }

  private var costs: [Way: Cost] = [:]
  private var answerSeconds: [Double] = []
  private var answerTokens: [Double] = []
  private var differing = 0
  private var compared = 0

  init(_ bench: Bench) throws {
    for (number, place) in bench.places.enumerated() {
      let item = bench.builder.single(
        place, documents: SingleSourceReport.documents, owners: SingleSourceReport.owners)
      let answered = try AnsweredItem(item, answerer: bench.engine.answerer)
      guard !answered.answer.isRefusal else { continue }
      try add(
        MethodRun(
          answered: answered, partition: answered.partition, engine: bench.engine,
          seed: bench.seed &+ UInt64(number)),
        item, bench.engine)
    }
  }

  /// Measures one item afresh.
  private mutating func add(_ run: MethodRun, _ item: PlantedItem, _ engine: Engine) throws {
    let fresh = try engine.answerer.withEmptyCache()
    let (answering, answer) = try seconds {
      try fresh.answer(item.question, sources: item.sources)
    }
    let uncached = try UncachedReader(fresh, answer)
    answerSeconds.append(answering)
    answerTokens.append(Double(uncached.answerTokens))
    let ablations = run.contextCite.coalitions
    var taken: [Way: Double] = [:]
    for way in Way.allCases {
      let coalitions = try coalitions(way, run)
      let (time, values) = try seconds {
        way == .contextCite
          ? try ablations.map { try uncached.value(of: $0) }
          : try fresh.scorer(for: answer).values(of: coalitions)
      }
      taken[way] = time
      for (coalition, value) in zip(coalitions, values) {
        compared += 1
        differing += value == run.answered.value(of: coalition) ? 0 : 1
      }
      let tokens =
        way == .contextCite
        ? ablations.reduce(0) { $0 + uncached.tokens(of: $1) }
        : Set(coalitions).count * uncached.tailTokens
      costs[way, default: Cost()].coalitions.append(Double(coalitions.count))
      costs[way]?.tokens.append(Double(tokens))
      costs[way]?.seconds.append(time)
      costs[way]?.fractions.append(time / answering)
    }
    for (way, time) in taken {
      costs[way]?.speedups.append((taken[.contextCite] ?? 0) / time)
    }
  }

  private func coalitions(_ way: Way, _ run: MethodRun) throws -> [Coalition] {
    switch way {
    case .leaveOneOutOwners:
      [run.partition.everyDocument]
        + run.partition.unions.map { run.partition.everyDocument.subtracting($0) }
    case .leaveOneOut: run.leaveOneOutCoalitions
    case .owners:
      Coalition.everyone(run.partition.contributors).subsets.map {
        run.partition.documents(of: $0)
      }
    case .library: try run.answered.coalitions(of: run.plan(.library))
    case .shapley: try run.answered.coalitions(of: run.plan(.shapley))
    case .sampled: try run.answered.coalitions(of: run.plan(.sampled))
    case .banzhaf: run.partition.everyDocument.subsets
    case .ablations, .contextCite: run.contextCite.coalitions
    }
  }

  var markdown: String {
    let rows = Way.allCases.compactMap { way in
      costs[way].map { cost in
        "| \(way.rawValue) | \(figure(cost.coalitions.mean, 1)) | \(figure(cost.tokens.mean, 0)) "
          + "| \(figure(1000 * cost.seconds.mean, 1)) | \(figure(cost.fractions.median)) "
          + "| \(figure(cost.speedups.median, 1)) |"
      }
    }
    return """
      ## Costs

      The same passages, \(answerSeconds.count) questions; every way of valuing one after the other on \
      the same answer. The answer, with nothing cached: \(figure(answerTokens.mean, 0)) tokens of the reader, \
      \(figure(1000 * answerSeconds.mean, 1)) ms with the embedding of its sentences. \(compared) \
      values, ContextCite's computed from the first token each, were compared with those over shared \
      passages; \(differing) differ by as much as a micro-nat.

      | | coalitions | tokens | ms | of the answer's time | cheaper than ContextCite |
      | --- | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      Times are means, ratios medians over items.

      """
  }
}
