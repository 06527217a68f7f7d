import Foundation
import GRDB

/// How much of a query's meaning, weighed by the rarity of its words, each chunk shares.
///
/// A word that no chunk holds weighs most: a question about something else consists of such words,
/// and the ordinary ones that happen to match then cover little of it.
struct LexicalCoverage {
  /// A smaller index says little about what is rare; it counts as if it had this many chunks.
  private static let leastChunks = 1000

  private var matched: [Int64: Double] = [:]
  private var total = 0.0

  init(_ query: LexicalQuery, of chunks: [Int64], _ database: Database) throws {
    guard !query.words.isEmpty, !chunks.isEmpty else { return }
    let chunkCount = try Int.fetchOne(database, sql: "SELECT count(*) FROM chunk") ?? 0
    let count = max(chunkCount, Self.leastChunks)
    let places = chunks.map(String.init).joined(separator: ",")
    for word in query.words {
      let pattern = "\"\(word)\""
      let frequency =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM chunkText WHERE chunkText MATCH ?",
          arguments: [pattern]) ?? 0
      let weight = log(1 + (Double(count - frequency) + 0.5) / (Double(frequency) + 0.5))
      total += weight
      guard frequency > 0 else { continue }
      let holders = try Int64.fetchAll(
        database,
        sql: "SELECT rowid FROM chunkText WHERE chunkText MATCH ? AND rowid IN (\(places))",
        arguments: [pattern])
      for id in holders { matched[id, default: 0] += weight }
    }
  }

  /// From 0, no word, to 1, all words.
  subscript(id: Int64) -> Double {
    total == 0 ? 0 : (matched[id] ?? 0) / total
  }
}
