import Attribution
import Inference

/// Values an answer of the reader under coalitions of its documents.
///
/// v(S) is the log-probability of each quoted label under `LabelDistribution` with the terms of the
/// sentences in S, labels quoted before it being out of the running, plus the reader's unconstrained
/// log-probabilities of each quotation's tokens. A quotation follows the question directly, whatever
/// was quoted before it: the reader was trained to quote one sentence.
package struct ReaderScorer: TokenScorer {
  package typealias Failure = any Error

  let answerer: ReaderAnswerer
  let answer: Answer
  let reading: Reading
  let prompt: [Int32]
  let layout: PassageLayout
  /// For each passage of the layout its source, as an index into the answer's sources.
  let sourceOfPassage: [Int]
  /// For each passage of the layout.
  let segments: [KVSegment]

  package func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]] {
    try logProbabilities(of: coalitions).map { try $0.map { try answerer.micro($0) } }
  }

  /// What the answer is valued in: the passages that the question sees, and their sentences' terms.
  struct Context {
    let attending: [KVSegment]
    let terms: [Reading.Term]
  }

  /// With every source that was read.
  var everything: Context { Context(attending: segments, terms: reading.terms) }

  private func context(of coalition: Coalition) -> Context {
    let present = Set(answer.sources(of: coalition))
    return Context(
      attending: segments.indices.filter { present.contains(sourceOfPassage[$0]) }
        .map { segments[$0] },
      terms: reading.terms.filter { present.contains($0.source) })
  }

  /// For each coalition, for each choice: the label's value, then the text tokens'.
  func logProbabilities(of coalitions: [Coalition]) throws -> [[Double]] {
    try logProbabilities(in: coalitions.map(context))
  }

  /// One row for each context, all in one batch.
  func logProbabilities(in contexts: [Context]) throws -> [[Double]] {
    let tails = tails
    let sequences = contexts.flatMap { context in
      tails.map { tail in
        ScoredSequence(
          tokens: tail.tokens, targets: tail.targets,
          startPosition: answerer.vocabulary.questionPosition, attending: context.attending)
      }
    }
    let values = try answerer.model.logProbabilities(of: sequences)
    return contexts.enumerated().map { index, context in
      row(Array(values[index * tails.count..<(index + 1) * tails.count]), terms: context.terms)
    }
  }

  /// One context's row from the values of its tails.
  private func row(_ values: [[Double]], terms: [Reading.Term]) -> [Double] {
    let labels = LabelDistribution.noneIndex + 1
    let distribution = LabelDistribution(
      reader: Array(values[0].prefix(labels)), terms: terms.totals,
      noneTerm: answerer.weights.noneTerm)
    var row: [Double] = []
    var quoted: [Label] = []
    for (index, choice) in reading.choices.enumerated() {
      let logs = distribution.logProbabilities(without: quoted)
      switch choice {
      case .none: row.append(logs[LabelDistribution.noneIndex])
      case .sentence(let label):
        row.append(logs[label - 1])
        quoted.append(label)
      }
      row += values[index].dropFirst(index == 0 ? labels : 0)
    }
    return row
  }

  /// What follows the passages, for one choice.
  private struct Tail {
    let tokens: [Int32]
    let targets: [(row: Int, token: Int32)]
  }

  /// Question, label and text of each choice; the first also asks for all labels.
  private var tails: [Tail] {
    let room =
      answerer.vocabulary.contextLength - answerer.vocabulary.questionPosition - prompt.count - 1
    return reading.choices.enumerated().map { index, choice in
      let (label, text) = answerer.tokens(of: choice, layout: layout, limit: room)
      let labelTargets = index == 0 ? answerer.labelTargets(row: prompt.count - 1) : []
      return Tail(
        tokens: prompt + [label] + text.dropLast(),
        targets: labelTargets + text.enumerated().map { (prompt.count + $0, $1) })
    }
  }
}
