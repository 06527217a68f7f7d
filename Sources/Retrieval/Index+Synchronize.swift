import Corpus
import GRDB

extension Index {
  /// Makes the index hold exactly the documents of the installed shards.
  @discardableResult
  package func synchronize(
    with store: ShardStore, progress: (IndexingProgress) throws -> Void = { _ in }
  ) throws -> IndexingReport {
    let shards = try store.list().map { IndexedShard($0, in: store) }
    return try synchronize(with: shards, progress: progress)
  }

  /// Makes the index hold exactly the documents of `shards`.
  ///
  /// Only new and changed documents are read, and a text is embedded once, wherever and however
  /// often it occurs. Embeddings are stored in small transactions as they are made and each
  /// document becomes searchable in one: a process killed at any instant leaves a consistent index
  /// that the next call completes. `progress` may throw to stop; nothing is lost by that either.
  @discardableResult
  package func synchronize(
    with shards: [IndexedShard], progress: (IndexingProgress) throws -> Void = { _ in }
  ) throws -> IndexingReport {
    var run = Synchronization(index: self, fingerprint: try fingerprint())
    try run.add(shards, progress)
    try run.remove(allBut: shards)
    try cluster(shards)
    return run.report
  }

  /// What the stored chunks depend on besides the documents.
  func fingerprint() throws -> String {
    "chunks \(Chunker.version), vectors \(embedder.dimensions) of \(try embedderIdentity())"
  }
}

/// One run of `synchronize`.
private struct Synchronization {
  let index: Index
  let fingerprint: String
  var report = IndexingReport()

  /// Enough texts to fill the engine's batches, few enough that a kill costs seconds.
  private static let batchTexts = 32

  private struct Work {
    let shard: IndexedShard
    let shardID: Int64
    let document: IndexedShard.Document
  }

  private var pending: [IngestedDocument] = []
  private var pendingTexts = 0

  init(index: Index, fingerprint: String) {
    self.index = index
    self.fingerprint = fingerprint
  }

  mutating func add(
    _ shards: [IndexedShard], _ progress: (IndexingProgress) throws -> Void
  ) throws {
    var work: [Work] = []
    for shard in shards {
      let (id, known) = try register(shard)
      for document in shard.documents {
        if known[document.path] == document.sha256 {
          report.unchangedDocuments += 1
        } else {
          work.append(Work(shard: shard, shardID: id, document: document))
        }
      }
    }
    for (number, item) in work.enumerated() {
      try ingest(item)
      if pendingTexts >= Self.batchTexts || number == work.count - 1 { try flush() }
      let finished = number + 1 - pending.count
      try progress(
        IndexingProgress(
          documents: work.count, finishedDocuments: finished, embedded: report.embeddedTexts))
    }
  }

  /// Writes the shard's row and returns its documents that need nothing.
  private func register(_ shard: IndexedShard) throws -> (Int64, [String: Digest]) {
    let present = try index.reading { try stored(shard, $0) }
    if let present, present.isCurrent { return (present.id, present.documents) }
    return try index.writing { database in
      try database.execute(
        sql: """
          INSERT INTO shard (root, position, contributor, contributorName) VALUES (?, ?, ?, ?)
          ON CONFLICT (root) DO UPDATE SET position = excluded.position
          """,
        arguments: [
          shard.root.blob, shard.order, shard.contributor.blob, shard.contributorName,
        ])
      try IndexState.setNeedsClusters(true, database)
      guard let found = try stored(shard, database) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a shard's row is not found")
      }
      return (found.id, found.documents)
    }
  }

  private func stored(
    _ shard: IndexedShard, _ database: Database
  ) throws -> (id: Int64, isCurrent: Bool, documents: [String: Digest])? {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT id, position FROM shard WHERE root = ?",
        arguments: [shard.root.blob])
    else { return nil }
    let id: Int64 = row[0]
    let documents = try Row.fetchAll(
      database, sql: "SELECT path, sha256 FROM document WHERE shard = ? AND fingerprint = ?",
      arguments: [id, fingerprint])
    let known = try documents.map { try ($0.text("path"), $0.digest("sha256")) }
    return (id, row[1] == shard.order, Dictionary(known) { $1 })
  }

  private mutating func ingest(_ work: Work) throws {
    let path = work.document.path
    do {
      let bytes = try work.shard.read(path)
      let document = try IngestedDocument(
        bytes, path: path, sha256: work.document.sha256, shard: work.shardID,
        embedderIdentity: index.embedderIdentity())
      pendingTexts += document.chunks.count
      pending.append(document)
    } catch {
      report.skipped.append(.init(shard: work.shard.root, document: path, reason: "\(error)"))
    }
  }

  /// Embeds what is missing for the pending documents, then makes them searchable.
  private mutating func flush() throws {
    var missing: [Digest: String] = [:]
    for chunk in pending.flatMap(\.chunks) { missing[chunk.embeddingKey] = chunk.embeddedText }
    let wanted = missing.count
    try index.reading { database in
      for key in Array(missing.keys) {
        let isThere = try Bool.fetchOne(
          database, sql: "SELECT EXISTS (SELECT 1 FROM embedding WHERE key = ?)",
          arguments: [key.blob])
        if isThere == true { missing[key] = nil }
      }
    }
    let batch = missing.sorted { $0.key < $1.key }
    for start in stride(from: 0, to: batch.count, by: Self.batchTexts) {
      try embed(batch[start..<min(start + Self.batchTexts, batch.count)])
    }
    report.reusedEmbeddings += wanted - batch.count
    for document in pending { try write(document) }
    (pending, pendingTexts) = ([], 0)
  }

  private mutating func embed(_ batch: ArraySlice<(key: Digest, value: String)>) throws {
    let vectors = try index.embedder.embed(batch.map(\.value))
    let dimensions = index.embedder.dimensions
    guard vectors.count == batch.count, vectors.allSatisfy({ $0.count == dimensions }) else {
      throw IndexError.embedding(
        found: "\(vectors.count) vectors of \(Set(vectors.map(\.count)).sorted()) values",
        expected: "\(batch.count) of \(dimensions)")
    }
    try index.writing { database in
      for ((key, _), vector) in zip(batch, vectors) {
        let quantized = QuantizedVector(vector)
        try database.execute(
          sql: "INSERT OR IGNORE INTO embedding (key, scale, vector) VALUES (?, ?, ?)",
          arguments: [key.blob, Double(quantized.scale), quantized.blob])
      }
    }
    report.embeddedTexts += batch.count
  }

  private mutating func write(_ document: IngestedDocument) throws {
    try index.writing { database in
      try DocumentRows.delete(shard: document.shard, path: document.path, database)
      try document.insert(database, fingerprint: fingerprint)
      try IndexState.setNeedsClusters(true, database)
    }
    report.addedDocuments += 1
  }

  /// Removes what is not installed any more, one document at a time, then unused embeddings.
  mutating func remove(allBut shards: [IndexedShard]) throws {
    let wanted = Dictionary(shards.map { ($0.root, Set($0.documents.map(\.path))) }) {
      $0.union($1)
    }
    let stored = try index.reading { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT shard.id, shard.root, document.path
          FROM shard LEFT JOIN document ON document.shard = shard.id
          """
      ).map { (id: $0["id"] as Int64, root: try $0.digest("root"), path: $0["path"] as String?) }
    }
    for row in stored {
      guard let path = row.path, wanted[row.root]?.contains(path) != true else { continue }
      try index.writing { database in
        try DocumentRows.delete(shard: row.id, path: path, database)
        try IndexState.setNeedsClusters(true, database)
      }
      report.removedDocuments += 1
    }
    let gone = Set(stored.filter { wanted[$0.root] == nil }.map(\.id))
    guard !gone.isEmpty || report.removedDocuments + report.addedDocuments > 0 else { return }
    try index.writing { database in
      for id in gone {
        try database.execute(sql: "DELETE FROM shard WHERE id = ?", arguments: [id])
      }
      try database.execute(
        sql: "DELETE FROM embedding WHERE id NOT IN (SELECT embedding FROM chunk)")
    }
  }
}
