import Corpus
import Foundation
import GRDB
import Synchronization

/// The search index over the chunks of all installed shards: one SQLite file.
///
/// It holds nothing that the shards do not, so it may be deleted at any time; `synchronize` builds
/// what is missing. Words are searched by FTS5, embeddings by an exact scan of a flat array of
/// int8 vectors in memory. Measured with 30,000 chunks of 384 dimensions on two busy cores: 53 MB of
/// file, 12 MB of vectors, 3 to 6 ms a scan, 10 to 25 ms a search, 100 to 190 ms if the query's
/// words are in most chunks. Up to some 100,000 chunks that needs no approximate index. Any number
/// of processes may use one file.
package final class Index: Sendable {
  package let path: String
  let embedder: any Embedder
  let database: DatabasePool
  /// The vectors of the generation that they were read at.
  let vectors = Mutex<VectorTable?>(nil)
  private let knownIdentity = Mutex<String?>(nil)

  /// Opens the index at `path`, creating it or bringing its schema up to date.
  package init(path: String, embedder: any Embedder) throws {
    self.path = path
    self.embedder = embedder
    database = try IndexError.translating(path) {
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.label = "tributary.index"
      configuration.prepareDatabase { database in
        // The index can be built again, so a power loss may cost the last transactions; in WAL
        // mode it cannot damage the file.
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
      }
      // Two processes that open a new file at once would both make its tables.
      return try FileLock.withLock(path + ".lock") {
        let database = try DatabasePool(path: path, configuration: configuration)
        let migrator = IndexSchema.migrator
        if try database.read(migrator.hasBeenSuperseded) { throw IndexError.newer(path: path) }
        try migrator.migrate(database)
        return database
      }
    }
  }

  /// Deletes the index at `path`, which no process may have open, and opens an empty one.
  package static func rebuild(path: String, embedder: any Embedder) throws -> Index {
    for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.removeItem(atPath: path + suffix)
    }
    return try Index(path: path, embedder: embedder)
  }

  /// The embedder's identity, asked for once: it costs a pass over the model's file.
  func embedderIdentity() throws -> String {
    try knownIdentity.withLock { known in
      let identity = try known ?? embedder.identity
      known = identity
      return identity
    }
  }

  /// What the index holds.
  package func statistics() throws -> IndexStatistics {
    try reading { database in
      func count(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
      return IndexStatistics(
        shards: try count("SELECT count(*) FROM shard"),
        documents: try count("SELECT count(*) FROM document"),
        chunks: try count("SELECT count(*) FROM chunk"),
        duplicates: try count("SELECT count(*) FROM chunk WHERE duplicateOf IS NOT NULL"),
        embeddings: try count("SELECT count(*) FROM embedding"))
    }
  }

  func reading<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try IndexError.translating(path) { try database.read(body) }
  }

  /// Runs one transaction and marks what is in memory as out of date.
  func writing<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try IndexError.translating(path) {
      try database.write { database in
        let result = try body(database)
        try IndexState.advance(database)
        return result
      }
    }
  }
}

/// Counts of what an index holds.
package struct IndexStatistics: Sendable, Equatable {
  package let shards: Int
  package let documents: Int
  package let chunks: Int
  /// Chunks that are copies of an earlier one and are not searched.
  package let duplicates: Int
  package let embeddings: Int
}

/// Counters that tell what has to be read or computed again.
enum IndexState {
  /// Raised by every writing transaction.
  static func generation(_ database: Database) throws -> Int {
    try value("generation", database)
  }

  static func advance(_ database: Database) throws {
    try set("generation", try generation(database) + 1, database)
  }

  /// Whether the clusters are of an older content.
  static func needsClusters(_ database: Database) throws -> Bool {
    try value("unclustered", database) != 0
  }

  static func setNeedsClusters(_ needed: Bool, _ database: Database) throws {
    try set("unclustered", needed ? 1 : 0, database)
  }

  private static func value(_ name: String, _ database: Database) throws -> Int {
    let text = try String.fetchOne(
      database, sql: "SELECT value FROM state WHERE name = ?", arguments: [name])
    return text.flatMap(Int.init) ?? 0
  }

  private static func set(_ name: String, _ value: Int, _ database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
      arguments: [name, String(value)])
  }
}
