import Corpus
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Retrieval

@Suite struct SynchronizeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Everything an index holds, without the row numbers.
  private func content(_ index: Index) throws -> [String] {
    try index.database.read { database in
      let chunks = try Row.fetchAll(
        database,
        sql: ChunkRow.columns + """
           JOIN embedding ON embedding.id = chunk.embedding
          ORDER BY root, path, start
          """)
      return try chunks.map { row in
        let owner: Int64? = row["duplicateOf"]
        return try "\(ChunkRow.decode(row)) \(owner != nil)"
      }
    }
  }

  /// SQLite's and FTS5's own checks, and rows that nothing refers to.
  private func expectSound(_ index: Index) throws {
    try index.database.write { database in
      #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
      try database.execute(sql: "INSERT INTO chunkText(chunkText) VALUES('integrity-check')")
      let orphans = try Int.fetchOne(
        database,
        sql: """
          SELECT (SELECT count(*) FROM embedding WHERE id NOT IN (SELECT embedding FROM chunk))
            + (SELECT count(*) FROM document WHERE shard NOT IN (SELECT id FROM shard))
            + (SELECT count(*) FROM chunkText) - (SELECT count(*) FROM chunk)
          """)
      #expect(orphans == 0)
    }
  }

  @Test func `only new and changed texts are embedded`() throws {
    let embedder = WordEmbedder()
    let index = try Index(path: folder.index, embedder: embedder)
    let first = shard("a", ["one.md": paragraph(1), "two.md": paragraph(2)])
    #expect(try index.synchronize(with: [first]).embeddedTexts == 2)
    let again = try index.synchronize(with: [first])
    #expect(again.embeddedTexts == 0 && again.unchangedDocuments == 2 && again.addedDocuments == 0)
    // A new root of the same contributor, as `add` makes it: one document is new.
    let second = shard("a", ["one.md": paragraph(1), "two.md": paragraph(2), "x.md": paragraph(3)])
    let report = try index.synchronize(with: [second])
    #expect(report.embeddedTexts == 1 && report.reusedEmbeddings == 2)
    #expect(report.addedDocuments == 3 && report.removedDocuments == 2)
    let reopened = try Index(path: folder.index, embedder: embedder)
    #expect(try reopened.synchronize(with: [second]).embeddedTexts == 0)
    #expect(embedder.texts.count == 3)
    try expectSound(index)
  }

  @Test func `another embedding model embeds everything anew`() throws {
    let shards = [shard("a", ["one.md": paragraph(1), "two.md": paragraph(2)])]
    _ = try Index(path: folder.index, embedder: WordEmbedder()).synchronize(with: shards)
    let index = try Index(path: folder.index, embedder: WordEmbedder(identity: "other"))
    #expect(try index.search("topic1word1", limit: 3, perContributor: 3).isEmpty)
    #expect(try index.synchronize(with: shards).embeddedTexts == 2)
    #expect(try index.search("topic1word1", limit: 3, perContributor: 3).count == 1)
    try expectSound(index)
  }

  @Test func `a removed shard leaves nothing behind`() throws {
    let index = try Index(path: folder.index, embedder: WordEmbedder())
    let kept = shard("kept", ["lighthouse.md": lighthouse])
    let gone = shard("gone", ["bakery.md": bakery, "cjk.md": "塔高41米。塔很高。", "empty.md": " \n"])
    try index.synchronize(with: [kept])
    let before = try (content(index), index.statistics())
    try index.synchronize(with: [kept, gone])
    #expect(try index.statistics().documents == 4)
    #expect(try index.search("rye bread", limit: 3, perContributor: 3).count == 1)
    #expect(try index.search("塔高", limit: 3, perContributor: 3).count == 1)
    let report = try index.synchronize(with: [kept])
    #expect(report.removedDocuments == 3)
    #expect(try content(index) == before.0)
    #expect(try index.statistics() == before.1)
    #expect(try index.search("rye bread", limit: 3, perContributor: 3).isEmpty)
    try expectSound(index)
    try index.synchronize(with: [])
    #expect(try index.statistics().shards == 0)
    try expectSound(index)
  }

  @Test func `a document that is no text or cannot be read is reported and the rest goes in`()
    throws
  {
    let index = try Index(path: folder.index, embedder: WordEmbedder())
    let good = shard("a", ["bakery.md": bakery])
    let bad = IndexedShard(
      root: Digest(sha256: [1]), contributor: good.contributor, contributorName: "b", order: 1,
      documents: ["bytes.md", "nul.md", "unreadable.md"].map {
        .init(path: $0, sha256: Digest(sha256: Array($0.utf8)))
      },
      read: { path in
        if path == "unreadable.md" { throw FileError("read", path, code: EIO) }
        return path == "bytes.md" ? [0x61, 0xFF, 0x62] : [0x61, 0]
      })
    let report = try index.synchronize(with: [bad, good])
    #expect(report.skipped.map(\.document) == ["bytes.md", "nul.md", "unreadable.md"])
    #expect(report.skipped[0].reason.contains("expected UTF-8"))
    #expect(try index.search("rye bread", limit: 3, perContributor: 3).count == 1)
  }

  @Test func `progress can stop a run and the next one goes on`() throws {
    struct Stop: Error {}
    let embedder = WordEmbedder()
    let index = try Index(path: folder.index, embedder: embedder)
    let texts = (0..<100).map { ("d\($0).md", paragraph($0)) }
    let large = shard("a", Dictionary(uniqueKeysWithValues: texts))
    #expect(throws: Stop.self) {
      try index.synchronize(with: [large]) { if $0.finishedDocuments >= 50 { throw Stop() } }
    }
    #expect(try (50..<100).contains(index.statistics().documents))
    var last: IndexingProgress?
    try index.synchronize(with: [large]) { last = $0 }
    #expect(last?.finishedDocuments == last?.documents)
    #expect(embedder.texts.count == 100)
    #expect(try index.statistics().documents == 100)
  }

  @Test func `a failing embedder is an error and its work so far is kept`() throws {
    struct Failure: Error {}
    let texts = (0..<100).map { ("d\($0).md", paragraph($0)) }
    let large = shard("a", Dictionary(uniqueKeysWithValues: texts))
    let failing = WordEmbedder { if $0 >= 40 { throw Failure() } }
    #expect(throws: Failure.self) {
      try Index(path: folder.index, embedder: failing).synchronize(with: [large])
    }
    let embedder = WordEmbedder()
    let index = try Index(path: folder.index, embedder: embedder)
    try index.synchronize(with: [large])
    #expect(embedder.texts.count + failing.texts.count == 100)
    try expectSound(index)
  }

  @Test func `a process killed while it ingests loses at most one batch`() async throws {
    let path = folder.index
    // Each round kills a process a little later, on the same file.
    for limit in [0, 32, 64] {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, limit = limit as Int] in
        let embedder = WordEmbedder { if $0 >= limit { kill(getpid(), SIGKILL) } }
        _ = try Index(path: path, embedder: embedder).synchronize(with: [killedShard])
      }
    }
    let embedder = WordEmbedder()
    let index = try Index(path: path, embedder: embedder)
    try index.synchronize(with: [killedShard])
    #expect(embedder.texts.count == 200 - 32 - 64)
    #expect(try index.statistics().documents == 200)
    try expectSound(index)
    let fresh = try Index(path: folder.path + "/fresh.sqlite", embedder: WordEmbedder())
    try fresh.synchronize(with: [killedShard])
    #expect(try content(index) == content(fresh))
  }

  @Test func `a new index may be opened by several processes at once`() async throws {
    for round in 0..<20 {
      let path = folder.path + "/new-\(round).sqlite"
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask { _ = try Index(path: path, embedder: WordEmbedder()).statistics() }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `two processes may synchronise one index at once`() async throws {
    let path = folder.index
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          _ = try Index(path: path, embedder: WordEmbedder()).synchronize(with: [killedShard])
        }
      }
      try await group.waitForAll()
    }
    let index = try Index(path: path, embedder: WordEmbedder())
    #expect(try index.synchronize(with: [killedShard]).embeddedTexts == 0)
    #expect(try index.statistics().chunks == 200)
    try expectSound(index)
  }
}

private let killedShard = shard(
  "killed", Dictionary(uniqueKeysWithValues: (0..<200).map { ("d\($0).md", paragraph($0)) }))
