import CBOR
import Corpus

/// The fields of a trace's private part; each is one salted leaf and can be opened alone.
package enum PrivateField: Int, CaseIterable, Sendable, CustomStringConvertible {
  case created = 1
  case question, answer, promptTokens, answerTokens, players, chunks, coalitions, labelScores
  case citations, documentShares, sampler, modelName, timing

  package var description: String {
    switch self {
    case .created: "created"
    case .question: "question"
    case .answer: "answer"
    case .promptTokens: "prompt tokens"
    case .answerTokens: "answer tokens"
    case .players: "players"
    case .chunks: "chunks"
    case .coalitions: "coalitions"
    case .labelScores: "label scores"
    case .citations: "citations"
    case .documentShares: "document shares"
    case .sampler: "sampler"
    case .modelName: "model name"
    case .timing: "timing"
    }
  }

  /// Finds a field by its description, with hyphens or spaces: `answer-tokens`.
  package init?(name: String) {
    let words = name.replacing("-", with: " ")
    guard let field = Self.allCases.first(where: { $0.description == words }) else { return nil }
    self = field
  }

  /// The name in errors, such as `private.question`.
  var path: String { "private.\(self)" }
}

/// The value of one private field and the hash that commits to it.
struct PrivateLeaf: Equatable {
  let field: PrivateField
  /// Deterministic CBOR.
  let value: [UInt8]

  /// SHA-256 of domain, field number, salt and value; the salt hides short values from guessing.
  func hash(salt: [UInt8]) -> Digest {
    Digest(
      sha256: Array("tributary trace leaf v1\0".utf8) + [UInt8(field.rawValue)] + salt + value)
  }

  /// SHA-256 of domain and all leaf hashes in the order of their fields.
  ///
  /// The tree is flat: with fourteen leaves an opening carries 448 bytes of hashes, a Merkle proof
  /// would save little and each leaf would need one of its own.
  static func root(of hashes: [Digest]) -> Digest {
    Digest(
      sha256: Array("tributary trace root v1\0".utf8) + [UInt8(hashes.count)]
        + hashes.flatMap(\.bytes))
  }
}

/// The private part of a trace: all leaves in the order of their fields, and the secret.
struct PrivateTrace: Equatable {
  let secret: TraceSecret
  let leaves: [PrivateLeaf]

  var hashes: [Digest] { leaves.map { $0.hash(salt: secret.salt(of: $0.field)) } }
  var root: Digest { PrivateLeaf.root(of: hashes) }
}
