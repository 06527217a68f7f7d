import Answering

/// The machine-readable answer: what `ask --json` prints, and what text and page are rendered from.
///
/// The keys are stable. Shares are parts per million of the answer's surprise; values are in
/// micro-nats.
package struct AnswerReport: Codable, Equatable, Sendable {
  package struct Contributor: Codable, Equatable, Sendable {
    package var key: String
    package var name: String
    package var sharePPM: Int
    package var standardErrorPPM: Int?
    /// The Shapley value, rounded to micro-nats.
    package var shapleyMicroNats: Int64
    package var leaveOneOutMicroNats: Int64
    /// Nil where coalitions were sampled.
    package var banzhafMicroNats: Int64?
    package var soloMicroNats: Int64
  }

  package struct Document: Codable, Equatable, Sendable {
    package var shard: String
    package var document: String
    package var start: Int
    package var end: Int
    /// First and last line, counted from 1: `3-7`.
    package var lines: String
    package var sharePPM: Int
    /// Index into `contributors`.
    package var contributor: Int
  }

  /// A LoRA adapter of a contributor's shard that changed the model.
  package struct Adapter: Codable, Equatable, Sendable {
    package var shard: String
    /// The file's name in the shard.
    package var adapter: String
    package var sha256: String
    package var sharePPM: Int
    /// Its part of its contributor's Shapley value.
    package var owenMicroNats: Int64
    /// What the answer loses without it alone; nil where that was not computed, as in contributors without
    /// much influence.
    package var leaveOneOutMicroNats: Int64?
    /// Index into `contributors`.
    package var contributor: Int
  }

  package struct Coalition: Codable, Equatable, Sendable {
    /// Indices into `contributors`.
    package var players: [Int]
    package var logProbMicroNats: Int64
  }

  /// A passage that the answer quotes or that was read.
  package struct Passage: Codable, Equatable, Sendable {
    /// The citation's number in the answer, from 1; `nil` for a passage that was read, not cited.
    package var number: Int?
    package var shard: String
    package var document: String
    package var start: Int
    package var end: Int
    package var lines: String
    package var text: String
    /// Index into `contributors`.
    package var contributor: Int
  }

  package struct Timing: Codable, Equatable, Sendable {
    package var promptTokens: Int
    package var answerTokens: Int
    package var answerSeconds: Double
    package var attributionSeconds: Double
  }

  package var question: String
  package var answer: String
  /// The words of the first quotation that answer, where the cross-encoder named them.
  ///
  /// No part of the trace, so nil in the report of a stored one.
  package var shortAnswer: String?
  package var model: String
  package var engine: Int
  package var mode: String
  package var trace: String
  package var ownKnowledgePPM: Int
  package var contributors: [Contributor]
  package var documents: [Document]
  /// Nil where the model was used as it is.
  package var adapters: [Adapter]?
  package var coalitions: [Coalition]
  package var passages: [Passage]
  /// Passages that did not fit the context and were left out, as `document:lines`.
  package var dropped: [String]
  package var timing: Timing
}

extension AnswerReport {
  /// What it meant for the model that somebody's passages were missing.
  package var removal: String {
    mode == Answering.ContextMode.joint.rawValue
      ? "the prompt was written anew without the passages of the others"
      : "passages do not see each other, and those of the others were left out"
  }

  /// The citations in the order of their numbers.
  package var citations: [Passage] {
    passages.filter { $0.number != nil }.sorted { $0.number! < $1.number! }
  }

  /// Indices of the contributors, the largest share first.
  package var contributorsByShare: [Int] {
    contributors.indices.sorted {
      let (left, right) = (contributors[$0].sharePPM, contributors[$1].sharePPM)
      return left == right ? $0 < $1 : left > right
    }
  }
}
