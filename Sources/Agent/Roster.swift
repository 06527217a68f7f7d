import Answering
import Corpus

/// The retrieved chunks as the players of an answer: contributors numbered by key, documents by
/// contributor, shard and path, so that the numbering does not depend on rank.
struct Roster {
  let chunks: [Chunk]
  /// Contributor by player number.
  let contributors: [ContributorKey]
  let names: [String]
  /// Documents by number.
  let documents: [DocumentKey]
  var sources: [Source]
  /// What the answer may use beside the passages, best first.
  let adapters: [ShelvedAdapter]

  struct DocumentKey: Hashable {
    let contributor: ContributorKey
    let shard: Digest
    let path: String
  }

  /// `unread`: by chunk, sentences that the reader does not see.
  init(
    _ chunks: [Chunk], adapters: [ShelvedAdapter] = [], unread: [Set<Int>] = []
  ) {
    self.chunks = chunks
    self.adapters = adapters
    let contributors = Set(chunks.map(\.contributor)).sorted()
    let documents = Set(chunks.map(Self.key)).sorted {
      ($0.contributor.hex, $0.shard.hex, $0.path) < ($1.contributor.hex, $1.shard.hex, $1.path)
    }
    self.contributors = contributors
    self.documents = documents
    names = contributors.map { key in
      chunks.first { $0.contributor == key }?.contributorName ?? key.short
    }
    sources = chunks.enumerated().map { index, chunk in
      Source(
        reference:
          "\(chunk.reference.shard.hex)/\(chunk.reference.document):\(chunk.reference.start)",
        text: chunk.text, sentences: chunk.sentenceTexts,
        player: contributors.firstIndex(of: chunk.contributor) ?? 0,
        document: documents.firstIndex(of: Self.key(chunk)) ?? 0,
        unread: unread.isEmpty ? [] : unread[index])
    }
  }

  /// The adapters as parts of the players that they belong to.
  var sourceAdapters: [SourceAdapter] {
    adapters.compactMap { adapter in
      contributors.firstIndex(of: adapter.contributor).map {
        SourceAdapter(player: $0, weights: adapter.weights)
      }
    }
  }

  private static func key(_ chunk: Chunk) -> DocumentKey {
    DocumentKey(
      contributor: chunk.contributor, shard: chunk.reference.shard,
      path: chunk.reference.document)
  }
}
