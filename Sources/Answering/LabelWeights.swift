/// The fixed weights of the terms that are added to the reader's own label score.
///
/// Tuned with `answer-bench tune` on `held-out-questions.jsonl.gz`, 947 questions with two near
/// passages each; whoever changes the reader, the embedding model, the cross-encoder, the stems or the
/// table of frequencies runs it again, and raises the version where a weight changes.
/// - Terms: of maximum likelihood, relative to a weight of 1 for the reader, rounded.
/// - None: the largest half that refuses at most a tenth of the answerable questions.
/// - Further sentences: from 0.3 on they are added to 2 to 4 % of the answers, and a third of them hold
///   the answer.
package struct LabelWeights: Sendable, Equatable {
  /// Per unit of lexical overlap, of a sentence's cosine, and of the cosine of the sentence together
  /// with the one before it.
  package var lexical: Double
  package var semantic: Double
  package var context: Double
  /// Per unit of the cross-encoder's score.
  package var cross: Double
  /// Added to a sentence that only asks the question again.
  package var repetition: Double
  /// Added to none.
  package var none: Double
  /// The probability from which a further sentence is quoted, and how many sentences at most.
  package var furtherThreshold: Double
  package var sentenceLimit: Int

  package init(
    lexical: Double, semantic: Double, context: Double, cross: Double = 0,
    repetition: Double = 0, none: Double, furtherThreshold: Double, sentenceLimit: Int
  ) {
    self.lexical = lexical
    self.semantic = semantic
    self.context = context
    self.cross = cross
    self.repetition = repetition
    self.none = none
    self.furtherThreshold = furtherThreshold
    self.sentenceLimit = sentenceLimit
  }

  package static let version = 2

  /// Without a cross-encoder: hit 0.854 and passage 0.920 there, against 0.801 and 0.865 for the reader
  /// alone; refused are 75 % of the questions whose passage was removed, and 8.4 % of the answerable.
  package static let tuned = LabelWeights(
    lexical: 0.2, semantic: 11, context: 19, none: 11.5, furtherThreshold: 0.3, sentenceLimit: 3)

  /// With one: hit 0.907, passage 0.956, refused 84 %, and 5.7 % of the answerable.
  ///
  /// The sentence's cosine counts against it: what it says is in the cross-encoder's score already. No
  /// other term outweighs a repetition's. Both sets were fitted to earlier states of reader and
  /// cross-encoder: fitted anew they bring 0.905 here and 0.842 without.
  package static let tunedWithCross = LabelWeights(
    lexical: 0.14, semantic: -4.5, context: 16, cross: 2.8, repetition: -100, none: 4.5,
    furtherThreshold: 0.3, sentenceLimit: 3)

  /// The reader by itself.
  package static let none = LabelWeights(
    lexical: 0, semantic: 0, context: 0, none: 0, furtherThreshold: 2, sentenceLimit: 1)
}
