import Inference
import Tokenizers

/// The prompt of a chat model: numbered passages, then the question.
///
/// A passage keeps its number when others are removed, so that a citation means the same in every
/// coalition.
struct ChatPrompt {
  static let instructions = """
    Answer the question in one or two sentences, from the numbered passages. After each statement \
    name the passage it comes from, like [1]. If the passages do not hold the answer, say so and \
    answer from what you know.
    """

  let template: ChatTemplate
  let tokenizer: any Tokenizer
  let question: String
  let sources: [Source]
  /// Indices into `sources` in the order of their numbers, the first being number 1.
  let numbered: [Int]

  /// Numbers the sources at `kept` in canonical order, which is that of their references.
  init(
    template: ChatTemplate, tokenizer: any Tokenizer, question: String, sources: [Source],
    kept: [Int]
  ) {
    self.template = template
    self.tokenizer = tokenizer
    self.question = question
    self.sources = sources
    numbered = kept.sorted { (sources[$0].reference, $0) < (sources[$1].reference, $1) }
  }

  /// The tokens with only the sources in `present`.
  func tokens(present: Set<Int>) -> [Int32] {
    tokens { present.contains($0) ? sources[$0].text : nil }
  }

  /// The tokens with all sources but one sentence; its source goes with it where it has no other.
  func tokens(without place: SentencePlace) -> [Int32] {
    tokens { source in
      guard source == place.source else { return sources[source].text }
      let isOnly = sources[source].sentences.count == 1
      return isOnly ? nil : sources[source].text(withoutSentence: place.sentence)
    }
  }

  /// The tokens with the text that each numbered source has; nil leaves it out.
  private func tokens(_ textOf: (Int) -> String?) -> [Int32] {
    var text = ""
    for (index, source) in numbered.enumerated() {
      if let passage = textOf(source) { text += Self.passage(index, passage) }
    }
    return template.encode(messages(text), with: tokenizer)
  }

  /// A text as the passage at `index` among the numbered ones.
  static func passage(_ index: Int, _ text: String) -> String { "[\(index + 1)] \(text)\n\n" }

  /// The conversation with `passages` before the question.
  func messages(_ passages: String) -> [ChatMessage] {
    [
      ChatMessage(.system, Self.instructions),
      ChatMessage(.user, passages + "Question: " + question),
    ]
  }

  /// The sources that `answer` cites as `[number]`, in order of first mention.
  func citations(in answer: String) -> [Answer.Citation] {
    var found: [Int] = []
    for part in answer.split(separator: "[", omittingEmptySubsequences: false).dropFirst() {
      guard let end = part.firstIndex(of: "]"), let number = Int(part[..<end]),
        (1...max(1, numbered.count)).contains(number), number <= numbered.count
      else { continue }
      let source = numbered[number - 1]
      if !found.contains(source) { found.append(source) }
    }
    return found.map { Answer.Citation(source: $0, sentence: nil) }
  }
}
