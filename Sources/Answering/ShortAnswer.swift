import Inference

/// Words of a quoted sentence that may be the answer.
package struct ShortAnswer: Sendable, Equatable {
  package let text: String
  /// The cross-encoder's score.
  package let cross: Double
  /// The share of its content words that the question has too.
  package let asked: Double

  /// What words that the question has too cost, chosen with `answer-bench tune`: what is asked is seldom
  /// the answer.
  package static let askedCost = 6.0

  /// The best, among equals the first.
  package static func best(_ all: [ShortAnswer], askedCost: Double = askedCost) -> ShortAnswer? {
    func score(_ answer: ShortAnswer) -> Double { answer.cross - askedCost * answer.asked }
    return all.reduce(nil) { best, next in
      best.map { score($0) >= score(next) ? $0 : next } ?? next
    }
  }
}

extension LabelEvidence.Sentence {
  /// What may be the short answer inside the sentence, the cross-encoder's likeliest first.
  ///
  /// `text` is the sentence's; none without a cross-encoder.
  package func shortAnswers(_ question: String, text: String) -> [ShortAnswer] {
    let asked = Set(Stems.content(of: question))
    let words = text.split(whereSeparator: \.isWhitespace)
    var found: [ShortAnswer] = []
    for span in cross?.spans ?? [] where span.words.upperBound <= words.count {
      let text = Self.trimmed(words[span.words].joined(separator: " "))
      if text.isEmpty || found.contains(where: { $0.text == text }) { continue }
      let stems = Stems.content(of: text)
      let repeated = stems.count { asked.contains($0) }
      found.append(
        ShortAnswer(
          text: text, cross: span.score, asked: Double(repeated) / Double(max(1, stems.count))))
    }
    return found
  }

  /// Without what stands beside words and belongs to the sentence.
  private static func trimmed(_ text: String) -> String {
    func isBeside(_ character: Character) -> Bool { ",.;:!?\"“”‘’'()[]".contains(character) }
    return String(text.drop(while: isBeside).reversed().drop(while: isBeside).reversed())
  }
}

extension LabelEvidence {
  /// The words of the best sentence that answer; nil without a cross-encoder.
  func shortAnswer(to question: String, of reading: Reading, in layout: PassageLayout) -> String? {
    guard case .sentence(let label)? = reading.choices.first,
      let sentence = sentences.first(where: { $0.label == label }),
      let passage = layout.passage(holding: label), let index = passage.index(of: label)
    else { return nil }
    let text = passage.sentences[index].text
    return ShortAnswer.best(sentence.shortAnswers(question, text: text))?.text
  }
}
