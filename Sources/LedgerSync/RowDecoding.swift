import Corpus
import Foundation
import GRDB

extension Row {
  // GRDB's subscripts trap on a value of another type, which a damaged file may hold.

  /// Throws if the column `intact` says that the row's checksum does not hold.
  func demandIntact(_ place: String) throws {
    guard try integer("intact") == 1 else {
      throw CorpusError(
        "traces.sqlite", field: place, found: "bytes that changed since it was written",
        expected: "the bytes of its checksum")
    }
  }

  func integer(_ column: String) throws -> Int { try checked(column, "a number") }

  func text(_ column: String) throws -> String { try checked(column, "text") }

  func bytes(_ column: String) throws -> [UInt8] {
    Array(try checked(column, "bytes") as Data)
  }

  func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
    let value: DatabaseValue = self[column]
    return value.isNull ? nil : try checked(column, "another type") as Value
  }

  private func checked<Value: DatabaseValueConvertible>(
    _ column: String, _ expected: String
  ) throws -> Value {
    let value: DatabaseValue = self[column]
    guard let decoded = Value.fromDatabaseValue(value) else {
      throw CorpusError(
        "traces.sqlite", field: column, found: value.isNull ? "nothing" : "another type",
        expected: expected)
    }
    return decoded
  }
}
