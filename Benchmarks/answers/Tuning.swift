import Answering
import BenchmarkSupport

/// Label weights fitted and measured on held-out questions.
struct Tuning {
  private struct Sample {
    let item: Item
    let evidence: LabelEvidence
  }

  private let answerable: [Sample]
  private let unanswerable: [Sample]
  /// Questions over the passage that answers alone.
  private let short: [(item: Item, answers: [ShortAnswer])]
  /// Those in use.
  private let tuned: LabelWeights

  init(paragraphs: [Paragraph], engine: Engine) throws {
    tuned = engine.answerer.weights
    let builder = try ItemBuilder(paragraphs: paragraphs, engine: engine)
    func samples(_ items: [Item]) throws -> [Sample] {
      try items.map {
        Sample(
          item: $0,
          evidence: try engine.answerer.evidence($0.question.text, sources: $0.sources))
      }
    }
    answerable = try samples(builder.items(distractors: 2))
    unanswerable = try samples(builder.items(gold: false, distractors: 3))
    let weights = tuned
    short = try samples(builder.items(distractors: 0)).compactMap { sample in
      let item = sample.item
      guard item.question.answer != nil,
        let chosen = Chooser.hybrid.choose(sample.evidence, item: item, weights: weights)
      else { return nil }
      return (item, chosen.shortAnswers(item.question.text, text: item.text(of: chosen)))
    }
  }

  private func score(_ weights: LabelWeights) -> Score {
    var score = Score()
    for sample in answerable {
      let chosen = Chooser.hybrid.choose(sample.evidence, item: sample.item, weights: weights)
      score.add(
        chosen, sample.item, refused: Chooser.hybrid.refuses(sample.evidence, weights: weights))
    }
    return score
  }

  var markdown: String {
    """
    \(answerable.count) held-out questions with two near passages.

    \(fitted)

    \(refusals)

    \(further)

    \(shortAnswers)
    """
  }

  /// What it brings that words of the question count against a short answer.
  private var shortAnswers: String {
    var rows = "| cost | token F1 | equal |\n| --- | --- | --- |\n"
    for cost in stride(from: 0.0, through: 10, by: 2) {
      var score = SpanScore()
      for (item, answers) in short {
        score.add(ShortAnswer.best(answers, askedCost: cost)?.text, item)
      }
      rows += "| \(cost) | \(score.figures.f1) | \(score.figures.equal) |\n"
    }
    return "Short answers of \(short.count) questions; the cost of words that the question has.\n\n"
      + rows
  }

  private var fitted: String {
    let fit = TermFit(
      answerable.map { sample in
        TermFit.Question(
          features: sample.evidence.sentences.map { sentence in
            [
              sample.evidence.reader[sentence.label - 1], sentence.overlap, sentence.cosine,
              sentence.contextCosine,
            ] + (sentence.cross.map { [$0.score] } ?? [])
          }, answers: sample.evidence.sentences.map { sample.item.isGold($0) })
      })
    let weights = fit.weights.map { figure($0 / fit.weights[0]) }
    var exact = tuned
    exact.lexical = fit.weights[1] / fit.weights[0]
    exact.semantic = fit.weights[2] / fit.weights[0]
    exact.context = fit.weights[3] / fit.weights[0]
    exact.cross = fit.weights.count > 4 ? fit.weights[4] / fit.weights[0] : 0
    let rows = [("the reader alone", LabelWeights.none), ("fitted", exact), ("in use", tuned)].map {
      let score = score($0.1)
      return "| \($0.0) | \(figure(score.rate(\.hits))) | \(figure(score.rate(\.passages))) |"
    }
    return """
      Fitted by maximum likelihood, relative to the reader (itself \(figure(fit.weights[0]))): \
      lexical \(weights[1]), semantic \(weights[2]), context \(weights[3])\
      \(weights.count > 4 ? ", cross \(weights[4])" : "").

      | terms | hit | passage |
      | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      """
  }

  /// What a constant added to none costs and brings, under the tuned weights.
  private var refusals: String {
    var rows = "| none | refused, answerable | refused, gold removed |\n| --- | --- | --- |\n"
    for none in stride(from: tuned.none - 8, through: tuned.none + 8, by: 0.5) {
      var weights = tuned
      weights.none = none
      let missing = unanswerable.count {
        Chooser.hybrid.refuses($0.evidence, weights: weights)
      }
      rows +=
        "| \(none) | \(figure(score(weights).rate(\.refusals))) "
        + "| \(figure(Double(missing) / Double(max(1, unanswerable.count)))) |\n"
    }
    return rows
  }

  /// What quoting further sentences from a probability on brings, under the tuned weights.
  private var further: String {
    var rows =
      "| threshold | further sentences per answer | they hold the answer | any does |\n"
      + "| --- | --- | --- | --- |\n"
    for threshold in [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4] {
      var weights = tuned
      weights.furtherThreshold = threshold
      var (added, good, any, answered) = (0, 0, 0, 0)
      for sample in answerable {
        let hits = chosen(sample, weights).map { sample.item.isHit($0) }
        guard !hits.isEmpty else { continue }
        answered += 1
        added += hits.count - 1
        good += hits.dropFirst().count { $0 }
        any += hits.contains(true) ? 1 : 0
      }
      let count = Double(max(1, answered))
      rows +=
        "| \(threshold) | \(figure(Double(added) / count)) "
        + "| \(figure(Double(good) / Double(max(1, added)))) | \(figure(Double(any) / count)) |\n"
    }
    return rows
  }

  private func chosen(_ sample: Sample, _ weights: LabelWeights) -> [LabelEvidence.Sentence] {
    (sample.evidence.reading(weights)?.choices ?? []).compactMap { choice in
      guard case .sentence(let label) = choice else { return nil }
      return sample.evidence.sentences.first { $0.label == label }
    }
  }
}
