import Answering

/// How well none and an answer are told apart, whatever constant none is given.
struct RefusalCurve {
  var answerable: [Double] = []
  var unanswerable: [Double] = []

  /// The share refused where the passage is missing, a tenth of the answerable being refused.
  var markdown: String {
    guard !answerable.isEmpty, !unanswerable.isEmpty else { return "" }
    let limit = answerable.sorted()[answerable.count * 9 / 10]
    let refused = unanswerable.count { $0 > limit }
    return """
      With the constant of none at which a tenth of the answerable questions is refused, \
      \(figure(Double(refused) / Double(unanswerable.count))).
      """
  }
}

extension LabelEvidence {
  /// How much more probable none is than the best sentence, as a logarithm.
  func refusalMargin(_ weights: LabelWeights) -> Double {
    guard let reading = reading(weights) else { return 0 }
    let best = reading.terms.map(\.logProbability).max() ?? 0
    return Double(reading.noneLogProbability - best) / 1e6
  }
}

/// The overlap of short answers with the right ones.
struct SpanScore {
  private var items = 0
  private var overlap = 0.0
  private var exact = 0

  /// Adds the short answer that was found; questions whose answer is not known are left out.
  mutating func add(_ text: String?, _ item: Item) {
    guard let answer = item.question.answer else { return }
    items += 1
    guard let text else { return }
    let found = Self.normalized(text)
    let right = Self.normalized(answer)
    overlap += Self.f1(found, right)
    exact += found == right ? 1 : 0
  }

  /// SQuAD's: lower case, without punctuation and articles.
  private static func normalized(_ text: String) -> [String] {
    text.lowercased().filter { !$0.isPunctuation && !$0.isSymbol }
      .split(whereSeparator: \.isWhitespace).map(String.init)
      .filter { !["a", "an", "the"].contains($0) }
  }

  private static func f1(_ found: [String], _ right: [String]) -> Double {
    var left: [String: Int] = [:]
    for word in right { left[word, default: 0] += 1 }
    var shared = 0
    for word in found where left[word, default: 0] > 0 {
      left[word, default: 0] -= 1
      shared += 1
    }
    guard shared > 0 else { return found.isEmpty && right.isEmpty ? 1 : 0 }
    return 2 * Double(shared) / Double(found.count + right.count)
  }

  /// The mean token F1, and the share that is equal.
  var figures: (f1: String, equal: String) {
    let count = Double(max(1, items))
    return (figure(overlap / count), figure(Double(exact) / count))
  }

  var markdown: String {
    """
    Short answers, the span inside the sentence chosen, with the gold paragraph alone: token F1 \
    \(figures.f1), equal \(figures.equal).
    """
  }
}
