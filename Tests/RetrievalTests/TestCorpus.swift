import Corpus
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Retrieval

/// An embedder whose vectors are hashed bags of words: texts that share words are alike.
final class WordEmbedder: Embedder {
  let identity: String
  let dimensions = 512
  private let calls = Mutex<[String]>([])
  private let beforeCall: @Sendable (_ embedded: Int) throws -> Void

  init(
    identity: String = "words",
    beforeCall: @escaping @Sendable (_ embedded: Int) throws -> Void = { _ in }
  ) {
    self.identity = identity
    self.beforeCall = beforeCall
  }

  /// All texts embedded so far.
  var texts: [String] { calls.withLock { $0 } }

  func embed(_ texts: [String]) throws -> [[Float]] {
    try beforeCall(self.texts.count)
    calls.withLock { $0 += texts }
    return texts.map { text in
      var vector = [Float](repeating: 0, count: dimensions)
      for word in NormalizedText(text).words {
        let hash = Digest(sha256: Array(word)).bytes
        // Random signs keep texts without a common word at a cosine near zero.
        vector[(Int(hash[0]) << 8 | Int(hash[1])) % dimensions] += hash[2] & 1 == 0 ? 1 : -1
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return norm == 0 ? vector : vector.map { $0 / norm }
    }
  }
}

extension TemporaryFolder {
  var index: String { path + "/catalog.sqlite" }
}

/// A shard of made-up documents.
func shard(
  _ name: String, by contributor: UInt8? = nil, order: Int = 0, _ documents: [String: String]
) -> IndexedShard {
  let contributor = contributor ?? name.utf8.first!
  let listed = documents.keys.sorted().map { path in
    IndexedShard.Document(path: path, sha256: Digest(sha256: Array(documents[path]!.utf8)))
  }
  let manifest = listed.map { "\($0.path) \($0.sha256)" }.joined(separator: "\n")
  return IndexedShard(
    root: Digest(sha256: Array("\(name)\n\(manifest)".utf8)),
    contributor: ContributorKey(bytes: [UInt8](repeating: contributor, count: 32))!,
    contributorName: name, order: order, documents: listed,
    read: { path in
      guard let text = documents[path] else {
        throw CorpusError(name, field: path, found: "nothing", expected: "a document")
      }
      return Array(text.utf8)
    })
}

/// A paragraph of words that no other number's paragraph has.
func paragraph(_ number: Int, words: Int = 40) -> String {
  (0..<words).map { "topic\(number)word\($0)" }.joined(separator: " ") + "."
}

let lighthouse = """
  # Lighthouse

  The tower stands 41 metres tall. It was built of granite in 1890 by Élise Kœnig.

  ## Keeper

  The last keeper left in 1962. Since then a lamp of steel turns alone above the rocks.
  """

let bakery = "The bakery opens at six. Its rye bread is baked with caraway seeds every morning."
