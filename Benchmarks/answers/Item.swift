import Answering
import BenchmarkSupport

/// A question with the passages that it is asked over.
struct Item {
  /// Sentences of one paragraph.
  struct Passage {
    let paragraph: Int
    var sentences: [Int]
  }

  let question: Paragraph.Question
  /// The paragraph that answers; it may be absent from `passages`.
  let gold: Int
  let passages: [Passage]
  let sources: [Source]

  init(
    _ question: Paragraph.Question, gold: Int, passages: [Passage], paragraphs: [Paragraph]
  ) {
    self.question = question
    self.gold = gold
    self.passages = passages
    sources = passages.map { passage in
      let sentences = passage.sentences.map { paragraphs[passage.paragraph].sentences[$0] }
      return Source(
        reference: "paragraph \(passage.paragraph)", text: sentences.joined(separator: " "),
        sentences: sentences, player: passage.paragraph, document: passage.paragraph)
    }
  }

  func text(of sentence: LabelEvidence.Sentence) -> String {
    sources[sentence.source].sentences[sentence.sentence]
  }

  /// The sentence contains the answer, or is the gold one where the answer itself is not known.
  func isHit(_ sentence: LabelEvidence.Sentence) -> Bool {
    guard let answer = question.answer else { return isGold(sentence) }
    return text(of: sentence).lowercased().contains(answer.lowercased())
  }

  /// The very sentence that the question set names.
  func isGold(_ sentence: LabelEvidence.Sentence) -> Bool {
    let passage = passages[sentence.source]
    return passage.paragraph == gold && passage.sentences[sentence.sentence] == question.sentence
  }

  func isGoldPassage(_ sentence: LabelEvidence.Sentence) -> Bool {
    passages[sentence.source].paragraph == gold
  }
}

/// Finds the paragraphs nearest to a question and cuts them to windows.
struct ItemBuilder {
  let paragraphs: [Paragraph]
  let lexicon: Lexicon
  private let whole: [[String]]
  /// Tokens of each sentence with its label.
  private let lengths: [[Int]]

  init(paragraphs: [Paragraph], engine: Engine) throws {
    self.paragraphs = paragraphs
    lexicon = engine.lexicon
    let tokenizer = try engine.answerer.model.tokenizer
    lengths = paragraphs.map {
      $0.sentences.map {
        tokenizer.encode(" " + $0, addSpecial: false, parseSpecial: false).count + 1
      }
    }
    whole = paragraphs.map { $0.stems(of: 0..<$0.sentences.count) }
  }

  /// Every `step`-th question with its paragraph and `distractors` windows of others.
  func items(every step: Int = 1, gold: Bool = true, distractors: Int) -> [Item] {
    var items: [Item] = []
    var number = 0
    for (index, paragraph) in paragraphs.enumerated() {
      for question in paragraph.questions {
        defer { number += 1 }
        guard number.isMultiple(of: step) else { continue }
        let own = Item.Passage(
          paragraph: index, sentences: Array(paragraph.sentences.indices))
        let others = windows(for: question, gold: index, count: distractors)
        items.append(
          Item(
            question, gold: index,
            passages: trimmed((gold ? [own] : []) + others, question, gold: index),
            paragraphs: paragraphs))
      }
    }
    return items
  }

  /// The nearest other paragraphs by BM25, each cut to its three best neighbouring sentences; windows
  /// that contain the answer are passed over.
  private func windows(
    for question: Paragraph.Question, gold: Int, count: Int
  ) -> [Item.Passage] {
    guard count > 0 else { return [] }
    let stems = Stems.content(of: question.text)
    let answer = question.answer?.lowercased()
    let ranked = paragraphs.indices.filter { $0 != gold && !paragraphs[$0].sentences.isEmpty }
      .map { (score: lexicon.overlap(question: stems, sentence: whole[$0]), index: $0) }
      .sorted { $0 > $1 }
    var found: [Item.Passage] = []
    for (_, index) in ranked where found.count < count {
      let window = bestWindow(of: paragraphs[index], stems)
      let hasAnswer = window.contains { sentence in
        answer.map { paragraphs[index].sentences[sentence].lowercased().contains($0) } ?? false
      }
      if !hasAnswer { found.append(Item.Passage(paragraph: index, sentences: window)) }
    }
    return found
  }

  private func bestWindow(of paragraph: Paragraph, _ stems: [String]) -> [Int] {
    let scores = paragraph.stems.map { lexicon.overlap(question: stems, sentence: $0) }
    var best = (start: 0, score: -1.0)
    for start in 0..<max(1, scores.count - 2) {
      let score = scores[start..<min(scores.count, start + 3)].reduce(0, +)
      if score > best.score { best = (start, score) }
    }
    return Array(best.start..<min(scores.count, best.start + 3))
  }

  /// Shortens the passage of most sentences, never by the gold one, to a training context's size or,
  /// where there are more than two passages, to 160 tokens for each.
  private func trimmed(
    _ passages: [Item.Passage], _ question: Paragraph.Question, gold: Int
  ) -> [Item.Passage] {
    var passages = passages
    func length(_ passage: Item.Passage) -> Int {
      passage.sentences.reduce(0) { $0 + lengths[passage.paragraph][$1] }
    }
    while passages.reduce(0, { $0 + length($1) }) > max(430, 160 * passages.count) {
      let candidates = passages.indices.filter { passages[$0].sentences.count > 1 }
        .map { (count: passages[$0].sentences.count, index: $0) }
      guard let (_, longest) = candidates.max(by: <) else { break }
      let isGold = passages[longest].paragraph == gold
      if isGold && passages[longest].sentences.last == question.sentence {
        passages[longest].sentences.removeFirst()
      } else {
        passages[longest].sentences.removeLast()
      }
    }
    return passages
  }
}
