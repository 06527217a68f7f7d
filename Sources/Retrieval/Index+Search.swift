import Corpus
import GRDB

extension Index {
  /// The chunks that are likeliest to answer `query`, best first.
  package func search(
    _ query: String, limit: Int, perContributor: Int,
    excluding isExcluded: (Chunk) -> Bool = { _ in false }
  ) throws -> [RetrievedChunk] {
    try search(
      query, options: RetrievalOptions(limit: limit, perContributor: perContributor),
      excluding: isExcluded)
  }

  /// The chunks that are likeliest to answer `query`, best first; none if nothing speaks for any.
  ///
  /// BM25 and the cosine of embeddings each rank the chunks that own their cluster; reciprocal rank
  /// fusion adds `1 / (60 + rank)`. A chunk for which too little speaks (`Evidence`) is left out,
  /// so that a question about something else finds nothing. Ties go to the earlier shard, then to
  /// path and offset. An excluded chunk takes nobody's place.
  package func search(
    _ query: String, options: RetrievalOptions,
    excluding isExcluded: (Chunk) -> Bool = { _ in false }
  ) throws -> [RetrievedChunk] {
    let lexical = LexicalQuery(query)
    guard options.limit > 0, options.perContributor > 0, !NormalizedText(query).bytes.isEmpty else {
      return []
    }
    let fingerprint = try fingerprint()
    return try reading { database in
      let table = try vectorTable(database, fingerprint: fingerprint)
      guard !table.ids.isEmpty else { return [] }
      let vector = QuantizedVector(try embed(query: query))
      let ranking = Ranking(
        lexical: options.method == .semantic
          ? [] : try lexicalMatches(lexical, count: options.candidates, database),
        semantic: options.method == .lexical
          ? [] : table.nearest(vector, count: options.candidates), table: table)
      let entries = try evident(ranking.entries, lexical, vector, table, options, database)
      return try select(entries, table, options, database, excluding: isExcluded)
    }
  }

  private func embed(query: String) throws -> [Float] {
    let bounded = String(decoding: query.utf8.prefix(4096), as: UTF8.self)
    let vectors = try embedder.embed([bounded])
    guard vectors.count == 1, vectors[0].count == embedder.dimensions else {
      throw IndexError.embedding(
        found: "\(vectors.count) vectors", expected: "one of \(embedder.dimensions) values")
    }
    return vectors[0]
  }

  /// The vectors in memory, read again if any process changed the index.
  private func vectorTable(_ database: Database, fingerprint: String) throws -> VectorTable {
    let generation = try IndexState.generation(database)
    if let known = vectors.withLock({ $0 }), known.generation == generation { return known }
    let table = try VectorTable(
      database, fingerprint: fingerprint, dimensions: embedder.dimensions, path: path)
    vectors.withLock { $0 = table }
    return table
  }

  private func lexicalMatches(
    _ query: LexicalQuery, count: Int, _ database: Database
  ) throws -> [LexicalMatch] {
    guard let expression = query.expression else { return [] }
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT chunk.id AS id, bm25(chunkText, 1.0, 0.5) AS score
        FROM chunkText JOIN chunk ON chunk.id = chunkText.rowid
          JOIN document ON document.id = chunk.document JOIN shard ON shard.id = document.shard
        WHERE chunkText MATCH ? AND chunk.duplicateOf IS NULL
        ORDER BY score, shard.position, shard.root, document.path, chunk.start
        LIMIT ?
        """, arguments: [expression, count])
    return rows.map { LexicalMatch(id: $0["id"], score: -($0["score"] as Double)) }
  }

  /// The entries for which enough speaks, with the measures that say so.
  private func evident(
    _ entries: [Ranking.Entry], _ query: LexicalQuery, _ vector: QuantizedVector,
    _ table: VectorTable, _ options: RetrievalOptions, _ database: Database
  ) throws -> [Ranking.Entry] {
    let coverage = try LexicalCoverage(query, of: entries.map(\.id), database)
    return entries.compactMap { entry in
      var entry = entry
      entry.cosine = table.cosine(of: entry.id, with: vector) ?? 0
      entry.coverage = coverage[entry.id]
      let isEnough = Evidence.isEnough(
        cosine: entry.cosine, coverage: entry.coverage, floor: options.evidenceFloor)
      return isEnough ? entry : nil
    }
  }

  /// Reads the best chunks, at most so many per contributor.
  private func select(
    _ entries: [Ranking.Entry], _ table: VectorTable, _ options: RetrievalOptions,
    _ database: Database, excluding isExcluded: (Chunk) -> Bool
  ) throws -> [RetrievedChunk] {
    var found: [RetrievedChunk] = []
    var taken: [ContributorKey: Int] = [:]
    for entry in entries where found.count < options.limit {
      guard
        let row = try Row.fetchOne(
          database, sql: ChunkRow.columns + " WHERE chunk.id = ?", arguments: [entry.id])
      else { continue }
      let chunk = try ChunkRow.decode(row)
      guard taken[chunk.contributor, default: 0] < options.perContributor, !isExcluded(chunk)
      else { continue }
      taken[chunk.contributor, default: 0] += 1
      found.append(
        RetrievedChunk(
          chunk: chunk, score: entry.score, lexicalRank: entry.lexicalRank,
          lexicalScore: entry.lexicalScore, semanticRank: entry.semanticRank,
          cosine: entry.cosine, coverage: entry.coverage,
          precedence: table.order(of: entry.id), copies: try copies(of: entry.id, database)))
    }
    return found
  }

  private func copies(of id: Int64, _ database: Database) throws -> [ChunkReference] {
    let rows = try Row.fetchAll(
      database,
      sql: ChunkRow.columns + """
         WHERE chunk.duplicateOf = ?
        ORDER BY shard.position, shard.root, document.path, chunk.start LIMIT 100
        """, arguments: [id])
    return try rows.map { try ChunkRow.decode($0).reference }
  }
}

/// A chunk in the BM25 ranking; a higher score is better.
struct LexicalMatch {
  let id: Int64
  let score: Double
}

/// Two rankings and their reciprocal rank fusion.
struct Ranking {
  struct Entry {
    let id: Int64
    var score = 0.0
    var lexicalRank: Int?
    var lexicalScore: Double?
    var semanticRank: Int?
    var cosine: Float = 0
    var coverage = 0.0
  }

  /// Best first.
  let entries: [Entry]

  init(
    lexical: [LexicalMatch], semantic: [VectorTable.Match], table: VectorTable
  ) {
    var entries: [Int64: Entry] = [:]
    for (index, match) in lexical.enumerated() {
      var entry = Entry(id: match.id)
      entry.lexicalRank = index + 1
      entry.lexicalScore = match.score
      entry.score = 1 / (RetrievalOptions.fusionConstant + Double(index + 1))
      entries[match.id] = entry
    }
    for (index, match) in semantic.enumerated() {
      entries[match.id, default: Entry(id: match.id)].semanticRank = index + 1
      entries[match.id]?.cosine = match.cosine
      entries[match.id]?.score += 1 / (RetrievalOptions.fusionConstant + Double(index + 1))
    }
    self.entries = entries.values.sorted { left, right in
      if left.score != right.score { return left.score > right.score }
      if left.cosine != right.cosine { return left.cosine > right.cosine }
      return table.order(of: left.id) < table.order(of: right.id)
    }
  }
}
