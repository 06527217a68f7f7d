/// The fixed weights of the terms that are added to the reader's own label score.
///
/// Tuned with `answer-bench tune` on `held-out-questions.jsonl.gz`; whoever changes the reader, the
/// embedding model, the stems or the table of frequencies runs it again and raises the version.
package struct LabelWeights: Sendable, Equatable {
  /// Per unit of lexical overlap and of cosine.
  package var lexical: Double
  package var semantic: Double
  /// Added to none.
  package var none: Double
  /// The probability from which a further sentence is quoted, and how many sentences at most.
  package var furtherThreshold: Double
  package var sentenceLimit: Int

  package init(
    lexical: Double, semantic: Double, none: Double, furtherThreshold: Double, sentenceLimit: Int
  ) {
    self.lexical = lexical
    self.semantic = semantic
    self.none = none
    self.furtherThreshold = furtherThreshold
    self.sentenceLimit = sentenceLimit
  }

  package static let version = 1

  package static let tuned = LabelWeights(
    lexical: 0.4, semantic: 10, none: 0, furtherThreshold: 0.25, sentenceLimit: 3)

  /// The reader by itself.
  package static let none = LabelWeights(
    lexical: 0, semantic: 0, none: 0, furtherThreshold: 2, sentenceLimit: 1)
}
