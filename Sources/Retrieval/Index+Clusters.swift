import Corpus
import Foundation
import GRDB

extension Index {
  /// Finds the near-duplicates anew if any document or shard changed since the last time.
  ///
  /// A copied document counts for its owner even where its chunks are cut at other places: there
  /// a chunk is a copy when four fifths of its shingles are in the owner's document. Everything
  /// else is compared chunk by chunk, and what is no copy then, sentence by sentence with the documents
  /// of other contributors. Cost: one pass over the stored signatures and one over the texts, four
  /// to five seconds for 30,000 chunks and as much for their sentences, and only after a change.
  func cluster(_ shards: [IndexedShard]) throws {
    guard try reading(IndexState.needsClusters) else { return }
    let generation = try reading(IndexState.generation)
    var owners = try copiesInCopiedDocuments(shards)
    let remaining = try chunkCandidates().filter { owners[$0.id] == nil }
    let byChunk = try reading { database in
      try DuplicateClusters.owners(of: remaining) { id in
        Shingles(NormalizedText(try self.sentenceText(of: id, database)))
      }
    }
    owners.merge(byChunk) { first, _ in first }
    owners.merge(CopiedSentences.owners(of: try passages())) { first, _ in first }
    try store(resolved(owners), unlessChangedSince: generation)
  }

  private func chunkCandidates() throws -> [DuplicateCandidate] {
    try candidates(
      """
      SELECT chunk.id, chunk.words, chunk.minhash
      FROM chunk JOIN document ON document.id = chunk.document
        JOIN shard ON shard.id = document.shard
      ORDER BY shard.position, shard.root, document.path, chunk.start
      """)
  }

  /// Every chunk as its sentences, in the order of precedence.
  private func passages() throws -> [CopiedSentences.Passage] {
    try reading { database in
      let rows = try Row.fetchCursor(
        database,
        sql: ChunkRow.columns + """
           ORDER BY shard.position, shard.root, document.path, chunk.start
          """)
      var passages: [CopiedSentences.Passage] = []
      while let row = try rows.next() {
        let chunk = try ChunkRow.decode(row)
        passages.append(
          CopiedSentences.Passage(
            id: row["id"], document: row["document"], contributor: chunk.contributor,
            sentences: chunk.sentenceTexts))
      }
      return passages
    }
  }

  private func candidates(_ sql: String) throws -> [DuplicateCandidate] {
    try reading { database in
      try Row.fetchAll(database, sql: sql).map { row in
        DuplicateCandidate(
          id: row["id"], digest: try row.digest("words"), signature: try row.minhash("minhash"))
      }
    }
  }

  private func sentenceText(of id: Int64, _ database: Database) throws -> String {
    guard
      let row = try Row.fetchOne(
        database, sql: ChunkRow.columns + " WHERE chunk.id = ?", arguments: [id])
    else { return "" }
    return try ChunkRow.decode(row).sentenceTexts.joined(separator: " ")
  }

  /// Writes the clusters in steps of small transactions; gives up quietly if another process
  /// changed the content meanwhile, since that one will find them itself.
  private func store(_ owners: [Int64: Int64], unlessChangedSince generation: Int) throws {
    try writing { database in
      guard try IndexState.generation(database) == generation else { return }
      let stored = try Row.fetchAll(
        database, sql: "SELECT id, duplicateOf FROM chunk")
      for row in stored {
        let id: Int64 = row["id"]
        let owner: Int64? = row["duplicateOf"]
        guard owner != owners[id] else { continue }
        try database.execute(
          sql: "UPDATE chunk SET duplicateOf = ? WHERE id = ?", arguments: [owners[id], id])
      }
      try IndexState.setNeedsClusters(false, database)
    }
  }

  /// The owner at the end of each chain.
  private func resolved(_ owners: [Int64: Int64]) -> [Int64: Int64] {
    owners.mapValues { owner in
      var owner = owner
      while let next = owners[owner] { owner = next }
      return owner
    }
  }
}

extension Index {
  /// The chunks of near-duplicate documents that say what the owner's document says.
  private func copiesInCopiedDocuments(_ shards: [IndexedShard]) throws -> [Int64: Int64] {
    let documents = try candidates(
      """
      SELECT document.id, document.words, document.minhash
      FROM document JOIN shard ON shard.id = document.shard
      WHERE EXISTS (SELECT 1 FROM chunk WHERE chunk.document = document.id)
      ORDER BY shard.position, shard.root, document.path
      """)
    let readers = Dictionary(shards.map { ($0.root, $0.read) }) { first, _ in first }
    let copies = try reading { database in
      try DuplicateClusters.owners(of: documents) { id in
        try self.documentShingles(id, readers, database)
      }
    }
    var owners: [Int64: Int64] = [:]
    for (copy, original) in copies.sorted(by: { $0.key < $1.key }) {
      owners.merge(try ownersOfChunks(in: copy, of: original, readers)) { first, _ in first }
    }
    return owners
  }

  private typealias Reader = @Sendable (String) throws -> [UInt8]

  private func documentShingles(
    _ id: Int64, _ readers: [Digest: Reader], _ database: Database
  ) throws -> Shingles {
    guard
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT document.path, shard.root FROM document JOIN shard ON shard.id = document.shard
          WHERE document.id = ?
          """, arguments: [id]),
      let read = readers[try row.digest("root")]
    else { return Shingles(NormalizedText("")) }
    let bytes = try read(row.text("path"))
    return Shingles(NormalizedText(String(decoding: bytes, as: UTF8.self)))
  }

  private func ownersOfChunks(
    in copy: Int64, of original: Int64, _ readers: [Digest: Reader]
  ) throws -> [Int64: Int64] {
    try reading { database in
      let whole = try documentShingles(original, readers, database)
      let originals = try chunkShingles(ofDocument: original, database)
      var owners: [Int64: Int64] = [:]
      for (id, shingles) in try chunkShingles(ofDocument: copy, database) {
        guard shingles.containment(in: whole) >= DuplicateClusters.threshold else { continue }
        let counts = originals.map { shingles.intersectionCount($0.shingles) }
        guard let most = counts.max(), let place = counts.firstIndex(of: most) else { continue }
        owners[id] = originals[place].id
      }
      return owners
    }
  }

  private func chunkShingles(
    ofDocument document: Int64, _ database: Database
  ) throws -> [(id: Int64, shingles: Shingles)] {
    let rows = try Row.fetchAll(
      database, sql: ChunkRow.columns + " WHERE chunk.document = ? ORDER BY chunk.start",
      arguments: [document])
    return try rows.map { row in
      let text = try ChunkRow.decode(row).sentenceTexts.joined(separator: " ")
      return (row["id"], Shingles(NormalizedText(text)))
    }
  }
}
