import Corpus
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Retrieval

@Suite struct IndexFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var shards: [IndexedShard] {
    [shard("a", Dictionary(uniqueKeysWithValues: (0..<50).map { ("d\($0).md", paragraph($0)) }))]
  }

  /// Runs everything that a user does with an index.
  private func use() throws {
    let index = try Index(path: folder.index, embedder: WordEmbedder())
    try index.synchronize(with: shards)
    _ = try index.search("topic1word1", limit: 3, perContributor: 3)
    try index.synchronize(with: [])
  }

  @Test func `a file that is no database is an error that says what to do`() throws {
    try Data("This is a text and not a database, whatever its name may say.".utf8)
      .write(to: URL(filePath: folder.index))
    let error = #expect(throws: IndexError.self) { try use() }
    #expect("\(try #require(error))".contains("rm -f \(folder.index)*"))
  }

  @Test(arguments: 1..<30)
  func `an index with damaged pages is used, refused or rebuilt but never trapped on`(
    seed: Int
  ) throws {
    do {
      let index = try Index(path: folder.index, embedder: WordEmbedder())
      try index.synchronize(with: shards)
      try index.database.close()
    }
    var bytes = try Data(contentsOf: URL(filePath: folder.index))
    for step in 0..<40 {
      let place = (seed * 7_919 + step * 104_729 * seed) % bytes.count
      if seed % 3 == 0 || place > 100 { bytes[place] ^= UInt8(1 << (step % 8)) }
    }
    if seed % 5 == 0 { bytes = bytes.prefix(bytes.count * seed / 40) }
    try bytes.write(to: URL(filePath: folder.index))
    do { try use() } catch is IndexError {}
    let rebuilt = try Index.rebuild(path: folder.index, embedder: WordEmbedder())
    try rebuilt.synchronize(with: shards)
    #expect(try rebuilt.statistics().chunks == 50)
    #expect(try rebuilt.search("topic1word1", limit: 3, perContributor: 3).count == 1)
  }

  @Test func `an index of a newer version is refused by name`() throws {
    do {
      let index = try Index(path: folder.index, embedder: WordEmbedder())
      try index.database.write {
        try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99')")
      }
      try index.database.close()
    }
    #expect(throws: IndexError.newer(path: folder.index)) { try use() }
  }

  @Test func `rows that contradict the format are damage, not a trap`() throws {
    for change in [
      "UPDATE chunk SET sentences = '5-1'", "UPDATE chunk SET end = -1",
      "UPDATE chunk SET start = 'x'",
      "UPDATE shard SET contributor = zeroblob(32), root = x'00' || substr(root, 2)",
      "UPDATE embedding SET vector = x'00'", "UPDATE chunk SET minhash = x'00'",
      "UPDATE document SET words = 'x'", "DELETE FROM chunkText", "DROP TABLE embedding",
    ] {
      let index = try Index.rebuild(path: folder.index, embedder: WordEmbedder())
      try index.synchronize(with: shards)
      try index.database.write { database in
        try database.execute(sql: "PRAGMA foreign_keys = OFF")
        try? database.execute(sql: change)
        try database.execute(sql: "UPDATE state SET value = value + 1")
      }
      try index.database.close()
      do { try use() } catch is IndexError {}
    }
  }

  @Test func `a folder that cannot be written is an error`() throws {
    let path = folder.path + "/missing/folder/catalog.sqlite"
    let error = #expect(throws: IndexError.self) {
      try Index(path: path, embedder: WordEmbedder())
    }
    #expect("\(try #require(error))".contains(path))
  }

  @Test func `vectors keep their order and cosine when rounded to eight bits`() {
    let vectors = (0..<50).map { seed in
      let raw = (0..<384).map { Float((($0 + 1) * (seed + 3) * 7_919) % 1_009) / 1_009 - 0.5 }
      let norm = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return raw.map { $0 / norm }
    }
    for (left, right) in zip(vectors, vectors.dropFirst()) {
      let exact = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
      let (a, b) = (QuantizedVector(left), QuantizedVector(right))
      let product = zip(a.values, b.values).reduce(Int32(0)) { $0 + Int32($1.0) * Int32($1.1) }
      #expect(abs(Float(product) * a.scale * b.scale - exact) < 0.005)
    }
    #expect(QuantizedVector([0, 0]).values == [0, 0])
    #expect(QuantizedVector([.nan, 1]).values == [0, 127])
    #expect(QuantizedVector([.infinity, 1]).scale == 0)
  }
}
