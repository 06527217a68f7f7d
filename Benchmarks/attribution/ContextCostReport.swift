import Answering
import Attribution
import AttributionMethods

/// What attribution costs in each context mode, in the time of the answer that it is about.
struct ContextCostReport {
  private struct Cost {
    var answerSeconds: [Double] = []
    var promptTokens: [Double] = []
    var answerTokens: [Double] = []
    /// Over the answer's time.
    var leaveOneOut: [Double] = []
    var shapley: [Double] = []
    var all: [Double] = []
    var coalitions: [Double] = []
  }

  private var costs: [ContextMode: Cost] = [:]
  /// By item: the answer's time in independent over that in joint context, per token alike.
  private var ratios: [Double] = []

  mutating func add(
    _ item: PlantedItem, _ chat: ChatModes, _ modes: [ContextMode], seed: UInt64
  ) throws {
    var taken: [ContextMode: Double] = [:]
    for mode in modes {
      taken[mode] = try add(item, answerer: chat.answerer(mode), seed: seed)
    }
    if let independent = taken[.independent], let joint = taken[.joint] {
      ratios.append(independent / joint)
    }
  }

  /// The answer's seconds, nothing being cached; nil for an answer without tokens.
  private mutating func add<Maker: TextValuing>(
    _ item: PlantedItem, answerer: Maker, seed: UInt64
  ) throws -> Double? {
    let (answering, answer) = try seconds {
      try answerer.answer(item.question, sources: item.sources)
    }
    guard answer.answerTokens > 0 else { return nil }
    let partition = answer.partition
    let everyone = partition.everyDocument
    let single = [everyone, .nobody] + partition.unions.map { everyone.subtracting($0) }
    let owners = Coalition.everyone(partition.contributors).subsets.map {
      partition.documents(of: $0)
    }
    let leaveOneOut = try seconds { try answerer.scorer(for: answer).values(of: single) }
    let shapley = try seconds { try answerer.scorer(for: answer).values(of: owners) }
    let all = try seconds { try answerer.attribute(answer, seed: seed) }
    var cost = costs[answerer.mode] ?? Cost()
    cost.answerSeconds.append(answering)
    cost.promptTokens.append(Double(answer.promptTokens))
    cost.answerTokens.append(Double(answer.answerTokens))
    cost.leaveOneOut.append(leaveOneOut.seconds / answering)
    cost.shapley.append(shapley.seconds / answering)
    cost.all.append(all.seconds / answering)
    cost.coalitions.append(Double(all.result.coalitions.count))
    costs[answerer.mode] = cost
    return answering
  }

  var markdown: String {
    let rows = ContextMode.allCases.compactMap { mode in
      costs[mode].map { cost in
        "| \(mode.rawValue) | \(figure(cost.promptTokens.mean, 0)) "
          + "| \(figure(cost.answerTokens.mean, 0)) "
          + "| \(figure(1000 * cost.answerSeconds.median, 1)) "
          + "| \(figure(cost.leaveOneOut.median)) | \(figure(cost.shapley.median)) "
          + "| \(figure(cost.all.median)) | \(figure(cost.coalitions.mean, 1)) |"
      }
    }
    return """
      ## Costs in both context modes

      Each mode answers with nothing cached, then values its answer; which mode comes first alternates. \
      Fractions are of the answer's time, medians over items. An answer in independent context takes \
      \(figure(ratios.median, 2)) times that in joint context.

      | mode | prompt tokens | answer tokens | answer, ms | leave-one-out of owners | Shapley of owners, \
      exact | all that `ask` does | its coalitions |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      """
  }
}
