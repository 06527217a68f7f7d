import Corpus
import Foundation
import GRDB

/// A document cut into chunks, ready to be stored.
struct IngestedDocument {
  struct ChunkDraft {
    let chunk: TextChunk
    let text: String
    /// What is searched besides the text: the document's name and the headings.
    let context: String
    let embeddedText: String
    let embeddingKey: Digest
    let normalized: NormalizedText
  }

  let shard: Int64
  let path: String
  let sha256: Digest
  let chunks: [ChunkDraft]
  private let normalized: NormalizedText

  /// Cuts `bytes`; throws if they are no text.
  init(
    _ bytes: [UInt8], path: String, sha256: Digest, shard: Int64, embedderIdentity: String
  ) throws {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw CorpusError(path, field: "text", found: "other bytes", expected: "UTF-8 without NUL")
    }
    self.shard = shard
    self.path = path
    self.sha256 = sha256
    normalized = NormalizedText(text)
    chunks = Chunker.chunks(of: bytes).map {
      ChunkDraft($0, of: bytes, path: path, embedderIdentity: embedderIdentity)
    }
  }

  func insert(_ database: Database, fingerprint: String) throws {
    try database.execute(
      sql: """
        INSERT INTO document (shard, path, sha256, fingerprint, words, minhash)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        shard, path, sha256.blob, fingerprint, normalized.digest.blob,
        Data(MinHash(Shingles(normalized)).bytes),
      ])
    let document = database.lastInsertedRowID
    for chunk in chunks { try chunk.insert(database, document: document) }
  }
}

extension IngestedDocument.ChunkDraft {
  fileprivate init(_ chunk: TextChunk, of bytes: [UInt8], path: String, embedderIdentity: String) {
    self.chunk = chunk
    text = String(decoding: bytes[chunk.range], as: UTF8.self)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    context = ([name] + chunk.headings).joined(separator: " / ")
    // The sentences alone: list marks and fences mean nothing to the embedding model. The last two
    // headings say what "it" is; more would drown a short chunk.
    let sentences = chunk.sentences.map { String(decoding: bytes[$0], as: UTF8.self) }
    embeddedText = (chunk.headings.suffix(2).map { $0 + "." } + sentences).joined(separator: " ")
    embeddingKey = Digest(sha256: Array("\(embedderIdentity)\n\(embeddedText)".utf8))
    normalized = NormalizedText(sentences.joined(separator: " "))
  }

  fileprivate func insert(_ database: Database, document: Int64) throws {
    try database.execute(
      sql: """
        INSERT INTO chunk (document, start, end, firstLine, lastLine, sentences, headings, context,
          text, words, minhash, embedding)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM embedding WHERE key = ?))
        """,
      arguments: [
        document, chunk.range.lowerBound, chunk.range.upperBound, chunk.lines.lowerBound,
        chunk.lines.upperBound, ChunkRow.encode(chunk.sentences),
        chunk.headings.map { $0.replacing("\n", with: " ") }.joined(separator: "\n"), context, text,
        normalized.digest.blob, Data(MinHash(Shingles(normalized)).bytes), embeddingKey.blob,
      ])
    try database.execute(
      sql: "INSERT INTO chunkText (rowid, text, context) VALUES (?, ?, ?)",
      arguments: [
        database.lastInsertedRowID, LexicalText.indexed(text), LexicalText.indexed(context),
      ])
  }
}

/// Removal of a document with all that hangs on it.
enum DocumentRows {
  static func delete(shard: Int64, path: String, _ database: Database) throws {
    guard
      let document = try Int64.fetchOne(
        database, sql: "SELECT id FROM document WHERE shard = ? AND path = ?",
        arguments: [shard, path])
    else { return }
    let chunks = try Row.fetchAll(
      database, sql: "SELECT id, text, context FROM chunk WHERE document = ?",
      arguments: [document])
    // An external-content index is told what it indexed.
    for row in chunks {
      try database.execute(
        sql: """
          INSERT INTO chunkText (chunkText, rowid, text, context) VALUES ('delete', ?, ?, ?)
          """,
        arguments: [
          row["id"] as Int64, LexicalText.indexed(try row.text("text")),
          LexicalText.indexed(try row.text("context")),
        ])
    }
    try database.execute(sql: "DELETE FROM document WHERE id = ?", arguments: [document])
  }
}
