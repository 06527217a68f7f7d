import Corpus
import Retrieval

/// Somebody with documents, as the search index sees them.
struct Contributor {
  let number: Int
  /// The lower, the earlier their shards were registered.
  let order: Int

  var key: ContributorKey? { ContributorKey(bytes: bytes) }

  private var bytes: [UInt8] {
    [UInt8(number >> 8), UInt8(number & 255)] + [UInt8](repeating: 7, count: 30)
  }

  /// One shard with a document for each text.
  func shard(_ name: String, _ texts: [String]) throws -> IndexedShard {
    guard let key else {
      throw CorpusError(name, field: "key", found: "no key", expected: "32 bytes")
    }
    let contents = Dictionary(
      uniqueKeysWithValues: texts.enumerated().map { ("\($0)/text.md", Array($1.utf8)) })
    let documents = contents.sorted { $0.key < $1.key }.map {
      IndexedShard.Document(path: $0.key, sha256: Digest(sha256: $0.value))
    }
    let listed = documents.map { "\($0.path) \($0.sha256.hex)" }.joined(separator: "\n")
    return IndexedShard(
      root: Digest(sha256: Array("\(name) \(number) \(order)\n\(listed)".utf8)), contributor: key,
      contributorName: "contributor \(number)", order: order, documents: documents,
      read: { path in
        guard let bytes = contents[path] else {
          throw CorpusError(name, field: path, found: "nothing", expected: "a document")
        }
        return bytes
      })
  }
}
