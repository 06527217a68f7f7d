import Corpus
import Foundation
import GRDB
import TransparencyLog

extension Row {
  // GRDB's subscripts trap on a value of another type, which a damaged file may hold.

  func integer(_ column: String) throws -> Int { try checked(column, "a number") }

  func text(_ column: String) throws -> String { try checked(column, "text") }

  func data(_ column: String) throws -> Data { try checked(column, "bytes") }

  /// Nil where the database has nothing.
  func optionalData(_ column: String) throws -> Data? {
    (self[column] as DatabaseValue).isNull ? nil : try data(column)
  }

  func digest(_ column: String) throws -> Corpus.Digest {
    let data = try data(column)
    guard let digest = Corpus.Digest(bytes: Array(data)) else {
      throw LedgerError(
        file: LedgerSchema.file, field: column, found: "\(data.count) bytes",
        expected: "32 bytes")
    }
    return digest
  }

  private func checked<Value: DatabaseValueConvertible>(
    _ column: String, _ expected: String
  ) throws -> Value {
    let value: DatabaseValue = self[column]
    guard let decoded = Value.fromDatabaseValue(value) else {
      throw LedgerError(
        file: LedgerSchema.file, field: column,
        found: value.isNull ? "nothing" : "another type", expected: expected)
    }
    return decoded
  }
}

/// The stored hashes of the tree, read within a transaction.
struct DatabaseHashes: HashReader {
  let database: Database

  func hashes(at indexes: [Int]) throws -> [TreeHash] {
    let statement = try database.cachedStatement(
      sql: "SELECT hash FROM hashes WHERE position = ?")
    return try indexes.map { index in
      let data = try Row.fetchOne(statement, arguments: [index])?.data("hash")
      guard let hash = data.flatMap({ TreeHash(bytes: $0) }) else {
        throw LedgerError(
          file: LedgerSchema.file, field: "hashes[\(index)]",
          found: data.map { "\($0.count) bytes" } ?? "nothing", expected: "32 bytes")
      }
      return hash
    }
  }
}
