import Attribution

/// A paragraph in sentences, with the questions that one of them answers.
package struct PlantedParagraph: Sendable {
  package struct Question: Sendable, Equatable {
    package let text: String
    package let answer: String
    /// The sentence that holds the answer.
    package let sentence: Int

    package init(text: String, answer: String, sentence: Int) {
      self.text = text
      self.answer = answer
      self.sentence = sentence
    }
  }

  package let sentences: [String]
  package let questions: [Question]

  package init(sentences: [String], questions: [Question]) {
    self.sentences = sentences
    self.questions = questions
  }
}

/// A question over documents of known owners, of which it is known which can answer it.
package struct PlantedItem: Sendable {
  package enum Role: String, Sendable {
    /// Holds the sentence that answers.
    case gold
    /// Holds what the gold document says in other words, or the other half of its sentence.
    case second
    /// Says something else in the same words.
    case contradiction
    case distractor
  }

  package struct Document: Sendable {
    package let sentences: [String]
    package var owner: Int
    package let role: Role
    /// The paragraph that it was made from.
    package let paragraph: Int
  }

  package let question: String
  package let answer: String
  /// What a contradicting document says instead.
  package var falseAnswer: String?
  package var documents: [Document]

  /// The owner of the first document of a role.
  package func owner(_ role: Role) -> Int? { documents.first { $0.role == role }?.owner }

  /// The owners of the documents that hold `text`.
  package func owners(saying text: String) -> Set<Int> {
    Set(
      documents.filter { document in
        document.sentences.contains { $0.lowercased().contains(text.lowercased()) }
      }.map(\.owner))
  }
}

/// Plants the sources of answers among others.
///
/// Distractors are the windows of other paragraphs that are nearest to the question by `overlap`,
/// those that contain the answer left out. Owners are drawn at random from `seed`; documents with a
/// role other than distractor get owners of their own.
package struct PlantedItemBuilder {
  /// Sentences that a document may have: the labels of one slot of a reader.
  package static let longestDocument = 5
  private static let windowLength = 3

  package let paragraphs: [PlantedParagraph]
  private let overlap: (_ question: String, _ text: String) -> Double
  private let seed: UInt64
  private let whole: [String]

  package init(
    paragraphs: [PlantedParagraph], seed: UInt64,
    overlap: @escaping (_ question: String, _ text: String) -> Double
  ) {
    self.paragraphs = paragraphs
    self.seed = seed
    self.overlap = overlap
    whole = paragraphs.map { $0.sentences.joined(separator: " ") }
  }

  /// All questions as paragraph and index, `limit` of them evenly spaced.
  package func questions(limit: Int) -> [(paragraph: Int, question: Int)] {
    let all = paragraphs.indices.flatMap { paragraph in
      paragraphs[paragraph].questions.indices.map { (paragraph, $0) }
    }
    let count = min(limit, all.count)
    return (0..<count).map { all[$0 * all.count / count] }
  }

  /// The gold passage among `documents - 1` distractors, with `owners` owners.
  package func single(
    _ place: (paragraph: Int, question: Int), documents: Int, owners: Int
  ) -> PlantedItem {
    item(
      place, planted: [(.gold, gold(place))], documents: documents, owners: owners)
  }

  /// The gold passage, cut to the sentences around the one that answers.
  package func gold(_ place: (paragraph: Int, question: Int)) -> [String] {
    let sentences = paragraphs[place.paragraph].sentences
    let answer = paragraphs[place.paragraph].questions[place.question].sentence
    let start = max(
      0, min(answer - Self.longestDocument / 2, sentences.count - Self.longestDocument))
    return Array(sentences[start..<min(sentences.count, start + Self.longestDocument)])
  }

  /// An item with `planted` documents, filled up with distractors.
  package func item(
    _ place: (paragraph: Int, question: Int), planted: [(PlantedItem.Role, [String])],
    documents: Int, owners: Int, falseAnswer: String? = nil, otherParagraph: Int? = nil
  ) -> PlantedItem {
    let question = paragraphs[place.paragraph].questions[place.question]
    var made = planted.map {
      PlantedItem.Document(sentences: $1, owner: 0, role: $0, paragraph: place.paragraph)
    }
    made += distractors(
      question, not: [place.paragraph, otherParagraph].compactMap { $0 },
      saying: [question.answer, falseAnswer].compactMap { $0 }, count: documents - planted.count)
    let drawn = draw(
      owners: owners, planted: planted.count, documents: made.count, question: question.text)
    for (index, owner) in drawn.enumerated() { made[index].owner = owner }
    return PlantedItem(
      question: question.text, answer: question.answer, falseAnswer: falseAnswer, documents: made)
  }

  private func distractors(
    _ question: PlantedParagraph.Question, not planted: [Int], saying answers: [String],
    count: Int
  ) -> [PlantedItem.Document] {
    var found: [PlantedItem.Document] = []
    for index in nearest(question.text) where found.count < count && !planted.contains(index) {
      let window = bestWindow(of: paragraphs[index].sentences, question.text)
      let text = window.joined(separator: " ").lowercased()
      guard !answers.contains(where: { text.contains($0.lowercased()) }) else { continue }
      found.append(
        PlantedItem.Document(sentences: window, owner: 0, role: .distractor, paragraph: index))
    }
    return found
  }

  /// Paragraphs, the nearest to `question` first.
  func nearest(_ question: String) -> [Int] {
    paragraphs.indices.filter { !paragraphs[$0].sentences.isEmpty }
      .map { (score: overlap(question, whole[$0]), index: $0) }
      .sorted { ($1.score, $0.index) < ($0.score, $1.index) }.map(\.index)
  }

  private func bestWindow(of sentences: [String], _ question: String) -> [String] {
    let scores = sentences.map { overlap(question, $0) }
    var best = (start: 0, score: -1.0)
    for start in 0..<max(1, scores.count - Self.windowLength + 1) {
      let score = scores[start..<min(scores.count, start + Self.windowLength)].reduce(0, +)
      if score > best.score { best = (start, score) }
    }
    return Array(sentences[best.start..<min(sentences.count, best.start + Self.windowLength)])
  }

  /// An owner for each document: planted ones and as many others as are needed get one of their own,
  /// so that everybody has a document; the rest is drawn.
  private func draw(owners: Int, planted: Int, documents: Int, question: String) -> [Int] {
    precondition(planted <= owners && owners <= documents, "every owner has a document")
    let salt = question.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    var generator = SplitMix64(seed: seed ^ salt)
    let first = generator.order(of: owners)
    let rest = (owners..<documents).map { _ in generator.below(owners) }
    return first + rest
  }
}
