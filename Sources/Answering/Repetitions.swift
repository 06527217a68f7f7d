/// What becomes of sentences that only ask the question again (`AskedQuestion`).
///
/// Nothing resembles a question more than the question, and it answers nothing. A reader that sees
/// one copied into a document lets it draw attention and credit from those that answer, even where it
/// cannot be quoted.
package enum Repetitions: Sendable, Equatable {
  /// The reader does not see them: it answers, and values, as if their documents were without them.
  case omitted
  /// They are read like all others: as until November 2026, and where a trace names what was read.
  case read
}

extension Source {
  /// Whether these sentences of a document say nothing but the question.
  package static func onlyRepeat(_ question: AskedQuestion, _ sentences: [String]) -> Bool {
    !sentences.isEmpty && sentences.allSatisfy(question.isRepeated)
  }
}
