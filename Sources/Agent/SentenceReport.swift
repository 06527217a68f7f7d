import Answering

/// What an answer lost when one sentence was taken out of its passage, for people and machines.
package struct SentenceReport: Codable, Equatable, Sendable {
  package struct Sentence: Codable, Equatable, Sendable {
    package var text: String
    /// v(N) - v(N without the sentence): what the answer's log-probability lost, in micro-nats.
    package var influenceMicroNats: Int64
    /// Whether the answer quotes it.
    package var quoted: Bool
    /// Index into the `passages` of the answer's report.
    package var passage: Int
    package var shard: String
    package var contributor: String
    package var document: String
    package var line: Int
  }

  package var trace: String
  /// The largest influence first.
  package var sentences: [Sentence]
  /// Documents whose sentences were not taken out, because their influence is below 2 % of all or the
  /// answer has too many sentences.
  package var skipped: [String]

  /// The sentences that changed the answer: rounded to 0.000 nats the others say nothing.
  package var shown: [Sentence] { sentences.filter { $0.influenceMicroNats.magnitude >= 500 } }

  /// The report as a JSON object.
  package func json() throws -> String { try JSONText.of(self) }
}
