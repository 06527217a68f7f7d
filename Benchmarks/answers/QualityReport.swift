import Answering
import Attribution
import BenchmarkSupport
import Foundation

/// The table of answer quality, measured end to end through the engine.
struct QualityReport {
  private var gold: [Chooser: Score] = [:]
  private var hard: [Chooser: Score] = [:]
  private var far: [Chooser: Score] = [:]
  private var goldRemoved = Score()
  private var refusal = RefusalCurve()
  private var span = SpanScore()
  private var attribution = AttributionScore()
  private let description: String
  private let weights: LabelWeights

  init(
    paragraphs: [Paragraph], every: Int, far: Int, attributing: Bool, engine: Engine
  ) throws {
    description = engine.description
    weights = engine.answerer.weights
    let builder = try ItemBuilder(paragraphs: paragraphs, engine: engine)
    for item in builder.items(every: every, distractors: 0) {
      let evidence = try Self.add(item, to: &gold, engine.answerer)
      let chosen = Chooser.hybrid.choose(evidence, item: item, weights: weights)
      let short = chosen.map { $0.shortAnswers(item.question.text, text: item.text(of: $0)) }
      span.add(ShortAnswer.best(short ?? [])?.text, item)
    }
    for item in builder.items(every: every, distractors: 2) {
      refusal.answerable.append(
        try Self.add(item, to: &hard, engine.answerer).refusalMargin(weights))
      if attributing { try attribution.add(item, engine.answerer) }
    }
    for item in far > 0 ? builder.items(every: every, distractors: far) : [] {
      _ = try Self.add(item, to: &self.far, engine.answerer)
    }
    for item in builder.items(every: every, gold: false, distractors: 2) {
      let evidence = try engine.answerer.evidence(item.question.text, sources: item.sources)
      goldRemoved.add(
        nil, item, refused: Chooser.hybrid.refuses(evidence, weights: weights))
      refusal.unanswerable.append(evidence.refusalMargin(weights))
    }
  }

  private static func add(
    _ item: Item, to scores: inout [Chooser: Score], _ answerer: ReaderAnswerer
  ) throws -> LabelEvidence {
    let evidence = try answerer.evidence(item.question.text, sources: item.sources)
    for chooser in Chooser.allCases {
      scores[chooser, default: Score()].add(
        chooser.choose(evidence, item: item, weights: answerer.weights), item,
        refused: chooser.refuses(evidence, weights: answerer.weights))
    }
    return evidence
  }

  var markdown: String {
    let count = gold[.hybrid]?.items ?? 0
    let rows = Chooser.allCases.map { chooser in
      let scores = [gold, hard, far].map { $0[chooser] ?? Score() }
      let (gold, hard, far) = (scores[0], scores[1], scores[2])
      return
        "| \(chooser.rawValue) | \(gold.cell(\.hits)) | \(hard.cell(\.hits)) "
        + "| \(hard.cell(\.passages)) | \(hard.cell(\.refusals)) "
        + "| \(far.cell(\.hits)) | \(far.cell(\.passages)) |"
    }
    return """
      \(count) questions; \(description); label weights: lexical \(weights.lexical), semantic \
      \(weights.semantic), context \(weights.context), cross \(weights.cross), none \
      \(weights.none).

      | | gold alone: hit | hard2: hit | hard2: passage | hard2: refused | hard7: hit | hard7: passage |
      | --- | --- | --- | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      hit: the most probable sentence present contains the gold answer. passage: it is in the gold \
      paragraph. refused: none was more probable than every sentence (not counted against hit).

      With the gold paragraph removed, \(figure(goldRemoved.rate(\.refusals))) are refused. \
      \(refusal.markdown)

      \(span.markdown)

      \(attribution.markdown)
      """
  }
}

/// Whether the right contributor is credited, and what measuring it costs.
struct AttributionScore {
  private var items = 0
  private var right = 0
  private var credited = 0
  private var hitsAsGiven = 0
  private var answerSeconds = 0.0
  private var attributionSeconds = 0.0

  /// Answers `item`, each passage being a contributor's, and looks who is credited.
  ///
  /// Nothing is cached beforehand, so that the answer's time is that of a first question.
  mutating func add(_ item: Item, _ answerer: ReaderAnswerer) throws {
    let fresh = try answerer.withEmptyCache()
    let answer = try fresh.answer(item.question.text, sources: item.sources)
    let report = try fresh.attribute(answer, seed: 0)
    items += 1
    answerSeconds += answer.timing.answerSeconds
    attributionSeconds += report.attributionSeconds
    let gold = item.question.answer?.lowercased() ?? ""
    hitsAsGiven += answer.text.lowercased().contains(gold) ? 1 : 0
    guard let cited = answer.citations.first else { return }
    guard item.passages[cited.source].paragraph == item.gold else { return }
    right += 1
    let top = report.contributors.max { $0.influence.shapley < $1.influence.shapley }
    credited += top?.player == item.gold ? 1 : 0
  }

  var markdown: String {
    if items == 0 { return "Whole answers and their attribution were not measured." }
    let count = Double(items)
    return """
      End to end on hard2, each passage a contributor (3 players, 8 coalitions): \
      \(figure(Double(hitsAsGiven) / count)) of the answers as given contain the gold answer. Where \
      the answer quotes the gold paragraph, its contributor has the largest Shapley value in \
      \(credited) of \(right). Mean time of an answer \
      \(figure(1000 * answerSeconds / count)) ms (embedding the sentences and reading the passages \
      included, nothing cached), of its attribution \
      \(figure(1000 * attributionSeconds / count)) ms: \
      \(figure(attributionSeconds / max(answerSeconds, 1e-9))) of the answer.
      """
  }
}

func figure(_ value: Double) -> String { String(format: "%.3f", value) }
