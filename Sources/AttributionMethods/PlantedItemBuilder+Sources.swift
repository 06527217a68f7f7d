/// Questions that more than one document has to do with.
extension PlantedItemBuilder {
  /// What a second owner's document has to do with the answer.
  package enum SecondSource: String, Sendable, CaseIterable {
    /// The sentence that answers is cut in two: the gold document ends or begins with the half that
    /// holds the answer, the second with the other.
    case otherHalf = "the sentence in halves"
    /// The gold passage in other words and another order.
    case restatement = "restated"
    /// A passage of another paragraph in which the answer stands as well.
    case sameAnswer = "the same words elsewhere"
    /// The gold passage with another answer of the same kind in the place of the true one.
    case contradiction = "contradicted"
  }

  /// The gold passage, the second and distractors; nil where the paragraph does not allow it.
  package func pair(
    _ place: (paragraph: Int, question: Int), _ kind: SecondSource, documents: Int, owners: Int
  ) -> PlantedItem? {
    switch kind {
    case .otherHalf: halves(place, documents: documents, owners: owners)
    case .restatement: restated(place, documents: documents, owners: owners)
    case .sameAnswer: sameAnswer(place, documents: documents, owners: owners)
    case .contradiction: contradicted(place, documents: documents, owners: owners)
    }
  }

  private func question(_ place: (paragraph: Int, question: Int)) -> PlantedParagraph.Question {
    paragraphs[place.paragraph].questions[place.question]
  }

  private func halves(
    _ place: (paragraph: Int, question: Int), documents: Int, owners: Int
  ) -> PlantedItem? {
    let question = question(place)
    let sentences = paragraphs[place.paragraph].sentences
    guard let cut = Halves(sentences[question.sentence], keeping: question.answer) else {
      return nil
    }
    let before = Array(sentences[..<question.sentence].suffix(2)) + [cut.first]
    let after = [cut.second] + Array(sentences[(question.sentence + 1)...].prefix(2))
    let (gold, second) = cut.isAnswerFirst ? (before, after) : (after, before)
    let others = second.joined(separator: " ").lowercased()
    guard !others.contains(question.answer.lowercased()) else { return nil }
    return item(
      place, planted: [(.gold, gold), (.second, second)], documents: documents,
      owners: owners)
  }

  private func restated(
    _ place: (paragraph: Int, question: Int), documents: Int, owners: Int
  ) -> PlantedItem? {
    let answer = question(place).answer
    let gold = gold(place)
    let second = Disguise.reordered(gold.map { Disguise.synonyms($0, keeping: answer) })
    guard second != gold else { return nil }
    return item(
      place, planted: [(.gold, gold), (.second, second)], documents: documents, owners: owners)
  }

  private func sameAnswer(
    _ place: (paragraph: Int, question: Int), documents: Int, owners: Int
  ) -> PlantedItem? {
    let question = question(place)
    let answer = question.answer.lowercased()
    // Short answers ("three") stand in many sentences that say nothing of the kind.
    guard answer.count >= 5 else { return nil }
    for index in nearest(question.text) where index != place.paragraph {
      let sentences = paragraphs[index].sentences
      guard let found = sentences.firstIndex(where: { $0.lowercased().contains(answer) }) else {
        continue
      }
      let start = max(0, min(found - 1, sentences.count - 3))
      return item(
        place,
        planted: [
          (.gold, gold(place)),
          (.second, Array(sentences[start..<min(sentences.count, start + 3)])),
        ], documents: documents, owners: owners, otherParagraph: index)
    }
    return nil
  }

  private func contradicted(
    _ place: (paragraph: Int, question: Int), documents: Int, owners: Int
  ) -> PlantedItem? {
    let answer = question(place).answer
    guard let other = falseAnswer(place) else { return nil }
    let gold = gold(place)
    let second = gold.map { $0.replacing(answer, with: other) }
    return item(
      place, planted: [(.gold, gold), (.contradiction, second)], documents: documents,
      owners: owners, falseAnswer: other)
  }

  /// An answer of the same kind to another question, of another paragraph.
  package func falseAnswer(_ place: (paragraph: Int, question: Int)) -> String? {
    let others = paragraphs.indices.filter { $0 != place.paragraph }
      .flatMap { paragraphs[$0].questions.map(\.answer) }
    let start = place.paragraph * 37 + place.question * 11
    let text = paragraphs[place.paragraph].sentences.joined(separator: " ").lowercased()
    return AnswerKind.replacement(
      for: question(place).answer,
      among: others.filter { !text.contains($0.lowercased()) }, from: start)
  }
}

/// A sentence in two pieces of at least four words, one of which holds the answer.
struct Halves: Equatable {
  let first: String
  let second: String
  let isAnswerFirst: Bool

  /// Cut at the comma or semicolon nearest to the middle that leaves the answer whole, or else before
  /// the word nearest to the middle that does; nil where no such place exists.
  init?(_ sentence: String, keeping answer: String) {
    guard let range = sentence.range(ofIgnoringCase: answer) else { return nil }
    let spaces = sentence.indices.filter { sentence[$0] == " " }
    let places = spaces.filter { space in
      (space < range.lowerBound || space >= range.upperBound)
        && sentence[..<space].split(separator: " ").count >= 4
        && sentence[space...].split(separator: " ").count >= 4
    }
    func distance(_ place: String.Index) -> Int {
      abs(
        2 * sentence.distance(from: sentence.startIndex, to: place) - sentence.count)
    }
    let borders = places.filter { ",;".contains(sentence[sentence.index(before: $0)]) }
    guard
      let place = (borders.isEmpty ? places : borders).min(by: { distance($0) < distance($1) })
    else { return nil }
    first = String(sentence[..<place])
    second = String(sentence[sentence.index(after: place)...])
    isAnswerFirst = place >= range.upperBound
  }
}

extension String {
  /// The first occurrence of `text`, whatever its case.
  func range(ofIgnoringCase text: String) -> Range<String.Index>? {
    let wanted = text.lowercased()
    guard !wanted.isEmpty else { return nil }
    var start = startIndex
    while start < endIndex {
      if let end = index(start, offsetBy: text.count, limitedBy: endIndex),
        self[start..<end].lowercased() == wanted
      {
        return start..<end
      }
      start = index(after: start)
    }
    return nil
  }
}
