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
  /// The question as the answer was made, where that was just now: with every source it is not read again.
  let read: ReadQuestion?

  package func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]] {
    try logProbabilities(of: coalitions).map { try $0.map { try answerer.micro($0) } }
  }

  /// What the answer is valued in: the passages that the question sees, and their sentences' terms.
  struct Context {
    let attending: [KVSegment]
    let terms: [Reading.Term]
    /// Whether these are all passages, as the answer was made from them.
    var isWhole = false
  }

  /// With every source that was read.
  var everything: Context { Context(attending: segments, terms: reading.terms, isWhole: true) }

  private func context(of coalition: Coalition) -> Context {
    let present = Set(answer.sources(of: coalition))
    let passages = segments.indices.filter { present.contains(sourceOfPassage[$0]) }
    return Context(
      attending: passages.map { segments[$0] },
      terms: reading.terms.filter { present.contains($0.source) },
      isWhole: passages.count == segments.count)
  }

  /// For each coalition, for each choice: the label's value, then the text tokens'.
  func logProbabilities(of coalitions: [Coalition]) throws -> [[Double]] {
    try logProbabilities(in: coalitions.map(context))
  }

  /// One row for each context, all in one batch.
  func logProbabilities(in contexts: [Context]) throws -> [[Double]] {
    let tails = tails
    let sequences = contexts.flatMap { context in
      tails.indices.map { sequence(tails[$0], asksLabels: $0 == 0, in: context) }
    }
    let values = try answerer.model.logProbabilities(of: sequences)
    return contexts.enumerated().map { index, context in
      var own = Array(values[index * tails.count..<(index + 1) * tails.count])
      if context.isWhole, let read { own[0] = read.labels + own[0] }
      return row(own, terms: context.terms)
    }
  }

  /// A tail in a context; the first one also asks for all labels, unless the answer has asked already.
  private func sequence(_ tail: Tail, asksLabels: Bool, in context: Context) -> ScoredSequence {
    let start = answerer.vocabulary.questionPosition
    if context.isWhole, let read {
      return ScoredSequence(
        tokens: [tail.label] + tail.text.dropLast(),
        targets: tail.text.enumerated().map { ($0, $1) }, startPosition: start + prompt.count,
        attending: context.attending + [read.segment])
    }
    let labels = asksLabels ? answerer.labelTargets(row: prompt.count - 1) : []
    return ScoredSequence(
      tokens: prompt + [tail.label] + tail.text.dropLast(),
      targets: labels + tail.text.enumerated().map { (prompt.count + $0, $1) },
      startPosition: start, attending: context.attending)
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

  /// What follows the question, for one choice.
  private struct Tail {
    let label: Int32
    let text: [Int32]
  }

  private var tails: [Tail] {
    let room =
      answerer.vocabulary.contextLength - answerer.vocabulary.questionPosition - prompt.count - 1
    return reading.choices.map { choice in
      let (label, text) = answerer.tokens(of: choice, layout: layout, limit: room)
      return Tail(label: label, text: text)
    }
  }
}
