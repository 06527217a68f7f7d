import Corpus

/// A chunk that a search found, and why.
package struct RetrievedChunk: Sendable, Equatable {
  package let chunk: Chunk
  /// The sum of `1 / (60 + rank)` over the rankings that hold the chunk.
  package let score: Double
  /// The place in the BM25 ranking, from 1; nil if it shares no word with the query.
  package let lexicalRank: Int?
  /// BM25, higher is better.
  package let lexicalScore: Double?
  /// The place in the ranking by embeddings, from 1; nil if it is not among the candidates.
  package let semanticRank: Int?
  /// The cosine of the chunk's and the query's embedding.
  package let cosine: Float
  /// The share of the query's words that the chunk holds, weighed by their rarity.
  package let coverage: Double
  /// Of two chunks the one with the lower number counts as earlier.
  package let precedence: Int
  /// The near-duplicates in other places that this chunk, as the earliest, stands for.
  package let copies: [ChunkReference]
}
