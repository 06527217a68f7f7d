import Attribution
import Kernels

/// How likely each sentence label, or none, is to be the answer.
///
/// A softmax over all forty labels and none of the reader's log-probability, plus the terms of the
/// sentences that are present. An absent sentence keeps its bare value, so that every answer has a
/// finite probability without its source, and none gets a constant.
struct LabelDistribution {
  /// By label, from label 1 at index 0, then none.
  private let scores: [Double]

  /// `reader` holds the log-probabilities of the forty labels, then of none.
  init(reader: [Double], terms: [Label: MicroNats], noneTerm: MicroNats) {
    precondition(reader.count == ReaderVocabulary.labelCount + 1, "one value per label and none")
    scores = reader.enumerated().map { index, value in
      let term = index == ReaderVocabulary.labelCount ? noneTerm : terms[index + 1] ?? 0
      return value + Double(term) / 1e6
    }
  }

  /// Log-probabilities once the labels of `quoted` are out of the running.
  func logProbabilities(without quoted: [Label] = []) -> [Double] {
    let excluded = Set(quoted.map { $0 - 1 })
    let remaining = scores.indices.filter { !excluded.contains($0) }
    let greatest = remaining.reduce(-Double.infinity) { max($0, scores[$1]) }
    let sum = remaining.reduce(0.0) { $0 + Deterministic.exp(scores[$1] - greatest) }
    let normalizer = greatest + Deterministic.log(sum)
    return scores.indices.map { excluded.contains($0) ? -.infinity : scores[$0] - normalizer }
  }

  static let noneIndex = ReaderVocabulary.labelCount

  /// What the answer quotes: the most probable of the present labels and none, then further labels.
  ///
  /// A further sentence is quoted when its own probability is at least `furtherThreshold`. Among
  /// equals the lower label comes first, and none last.
  func choices(
    present: [Label], furtherThreshold: Double, limit: Int
  ) -> [Reading.Choice] {
    let logs = logProbabilities()
    let ranked = present.sorted { (-logs[$0 - 1], $0) < (-logs[$1 - 1], $1) }
    guard let first = ranked.first, logs[first - 1] >= logs[Self.noneIndex] else { return [.none] }
    let further = ranked.dropFirst().prefix(limit - 1).prefix {
      Deterministic.exp(logs[$0 - 1]) >= furtherThreshold
    }
    return ([first] + further).map { .sentence($0) }
  }
}
