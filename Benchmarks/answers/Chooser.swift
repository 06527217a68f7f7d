import Answering

/// A way of choosing the sentence that answers: the rows of the table.
enum Chooser: String, CaseIterable {
  case wordOverlap = "word overlap"
  case bm25 = "BM25 sentence"
  case cosine = "MiniLM sentence (cosine)"
  case cosineAndBM25 = "MiniLM + BM25, the same terms"
  case reader = "the reader alone"
  case cross = "the cross-encoder alone"
  case crossAndTerms = "cross-encoder + MiniLM + BM25"
  case hybrid = "**the reader with all terms**"

  /// The most probable sentence among those present; none does not compete.
  func choose(
    _ evidence: LabelEvidence, item: Item, weights: LabelWeights
  ) -> LabelEvidence.Sentence? {
    let scores = evidence.sentences.map { score($0, evidence, item: item, weights: weights) }
    guard let best = scores.max() else { return nil }
    return zip(evidence.sentences, scores).first { $0.1 == best }?.0
  }

  /// True where the reader finds none more probable than every sentence; others never refuse.
  func refuses(_ evidence: LabelEvidence, weights: LabelWeights) -> Bool {
    switch self {
    case .reader: evidence.reading(.none)?.choices == [.none]
    case .hybrid: evidence.reading(weights)?.choices == [.none]
    default: false
    }
  }

  private func score(
    _ sentence: LabelEvidence.Sentence, _ evidence: LabelEvidence, item: Item,
    weights: LabelWeights
  ) -> Double {
    let lexical = weights.lexical(sentence)
    let similarity =
      weights.semantic * sentence.cosine + weights.context * sentence.contextCosine
    let semantic = weights.semantic(sentence)
    switch self {
    case .wordOverlap:
      let question = Set(Stems.content(of: item.question.text))
      return Double(question.intersection(Stems.content(of: item.text(of: sentence))).count)
    case .bm25: return sentence.overlap
    case .cosine: return sentence.cosine
    case .cosineAndBM25: return lexical + similarity
    case .cross: return sentence.cross?.score ?? 0
    case .crossAndTerms: return lexical + semantic
    case .reader: return evidence.reader[sentence.label - 1]
    case .hybrid: return evidence.reader[sentence.label - 1] + lexical + semantic
    }
  }
}

/// How often a chooser was right.
struct Score {
  var items = 0
  var hits = 0
  var passages = 0
  var refusals = 0

  mutating func add(_ sentence: LabelEvidence.Sentence?, _ item: Item, refused: Bool) {
    items += 1
    refusals += refused ? 1 : 0
    guard let sentence else { return }
    hits += item.isHit(sentence) ? 1 : 0
    passages += item.isGoldPassage(sentence) ? 1 : 0
  }

  /// The rate, or a dash where nothing was asked.
  func cell(_ part: KeyPath<Score, Int>) -> String { items == 0 ? "-" : figure(rate(part)) }

  func rate(_ part: KeyPath<Score, Int>) -> Double {
    items == 0 ? 0 : Double(self[keyPath: part]) / Double(items)
  }
}
