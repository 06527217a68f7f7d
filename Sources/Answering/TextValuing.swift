/// An answerer that can also be given the text of an answer, to value texts that it did not write.
package protocol TextValuing: Answerer {
  /// An answer that says `text`, the prompt being what it would be for an answer of the model's own.
  func answer(_ question: String, sources: [Source], saying text: String) throws -> Answer

  /// For each text the log-probabilities of its tokens as the answer, in nats, with all sources present.
  func logProbabilities(
    of texts: [String], answering question: String, sources: [Source]
  ) throws -> [[Double]]
}
