import Corpus
import Foundation
import GRDB

/// A value of a row that this program would not have written.
struct RowDecodingError: Error, CustomStringConvertible {
  let column: String
  let expected: String

  var description: String { "column \(column): expected \(expected)" }
}

extension Row {
  func text(_ column: String) throws -> String {
    try decoded(column, "text")
  }

  func integer(_ column: String) throws -> Int {
    try decoded(column, "a number")
  }

  func digest(_ column: String) throws -> Digest {
    guard let digest = Digest(bytes: Array(try decoded(column, "bytes") as Data)) else {
      throw RowDecodingError(column: column, expected: "32 bytes")
    }
    return digest
  }

  func minhash(_ column: String) throws -> MinHash {
    guard let minhash = MinHash(bytes: Array(try decoded(column, "bytes") as Data)) else {
      throw RowDecodingError(column: column, expected: "\(MinHash.byteCount) bytes")
    }
    return minhash
  }

  private func decoded<Value: DatabaseValueConvertible>(
    _ column: String, _ expected: String
  ) throws -> Value {
    guard let value = Value.fromDatabaseValue((self[column] as DatabaseValue?) ?? .null) else {
      throw RowDecodingError(column: column, expected: expected)
    }
    return value
  }
}

extension Digest {
  var blob: Data { Data(bytes) }
}

extension ContributorKey {
  var blob: Data { Data(bytes) }
}

extension QuantizedVector {
  var blob: Data { Data(values.map { UInt8(bitPattern: $0) }) }
}

/// A chunk as it is read back.
enum ChunkRow {
  static let columns = """
    SELECT chunk.*, document.path, shard.root, shard.contributor, shard.contributorName
    FROM chunk JOIN document ON document.id = chunk.document JOIN shard ON shard.id = document.shard
    """

  static func decode(_ row: Row) throws -> Chunk {
    let start = try row.integer("start")
    let end = try row.integer("end")
    let lines = (try row.integer("firstLine"), try row.integer("lastLine"))
    guard 0 <= start, start < end, lines.0 <= lines.1 else {
      throw RowDecodingError(column: "start", expected: "an offset before the end")
    }
    guard let contributor = ContributorKey(bytes: try row.digest("contributor").bytes) else {
      throw RowDecodingError(column: "contributor", expected: "a key")
    }
    let headings = try row.text("headings")
    return Chunk(
      reference: ChunkReference(
        shard: try row.digest("root"), document: try row.text("path"), start: start, end: end),
      text: try row.text("text"),
      sentences: try decode(sentences: row.text("sentences"), within: start..<end),
      lines: lines.0...lines.1,
      headings: headings.isEmpty ? [] : headings.split(separator: "\n").map(String.init),
      contributor: contributor, contributorName: try row.text("contributorName"))
  }

  static func encode(_ sentences: [Range<Int>]) -> String {
    sentences.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
  }

  private static func decode(sentences: String, within range: Range<Int>) throws -> [Range<Int>] {
    try sentences.split(separator: " ").map { text in
      let bounds = text.split(separator: "-").compactMap { Int($0) }
      guard bounds.count == 2, range.lowerBound <= bounds[0], bounds[0] < bounds[1],
        bounds[1] <= range.upperBound
      else { throw RowDecodingError(column: "sentences", expected: "ranges of the chunk") }
      return bounds[0]..<bounds[1]
    }
  }
}
