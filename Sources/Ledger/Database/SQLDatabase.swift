import Corpus
import Foundation

/// A value of a column, or of a statement's parameter.
package enum SQLValue: Equatable, Hashable, Sendable {
  case null
  case integer(Int)
  case text(String)
  case blob([UInt8])
}

/// A row of an answer, with its values by the names of their columns.
package struct SQLRow: Sendable {
  /// The places of the columns, shared by all rows of an answer.
  let columns: [String: Int]
  let values: [SQLValue]
  /// The database's name in errors.
  let source: String

  package init(columns: [String: Int], values: [SQLValue], source: String) {
    self.columns = columns
    self.values = values
    self.source = source
  }
}

/// A connection inside a transaction; it must not leave the closure that it was given to.
///
/// Statements are those that SQLite and PostgreSQL share. `$1`, `$2` and so on stand for the
/// arguments, in the order of their first use. A statement is prepared once per connection.
package protocol SQLConnection {
  /// The types of columns that differ between the databases.
  var dialect: SQLDialect { get }

  /// The database's name in errors: a file, or an address without its password.
  var source: String { get }

  /// Runs a statement; returns the number of rows that it inserted, changed or deleted.
  @discardableResult
  func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int

  /// Inserts rows and returns how many were inserted; `end` follows the values: what to do where a
  /// row is there already.
  @discardableResult
  func insert(
    into table: String, columns: [String], _ rows: [[SQLValue]], end: String
  ) throws -> Int

  /// All rows of an answer; it is the statement that bounds their number.
  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow]
}

/// Where a ledger keeps its state.
///
/// A transaction that throws is rolled back as a whole. One that returned from `write` is durable:
/// neither the end of this process nor of the machine takes it back.
package protocol SQLDatabase: Sendable {
  /// The database's name in errors: a file, or an address without its password.
  var source: String { get }

  /// Runs a transaction that sees one state of the database and changes nothing.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> Value
  ) async throws -> Value

  /// The same on the calling thread, for programs that do nothing else meanwhile.
  func readBlocking<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value

  /// Runs a transaction; it may run more than once where the database asks for that.
  func write<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> Value
  ) async throws -> Value

  /// Whether other processes, on other machines, write to it as well.
  var isShared: Bool { get }

  /// Runs `body` while no other process is in it that shares the database.
  ///
  /// A process that stands still loses its turn in the end without noticing, so what `body` does has
  /// to be right then as well.
  func exclusively<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async throws -> Value

  /// Whether all of ``LedgerSchema/migrations`` were made.
  func isCurrent(_ connection: any SQLConnection) throws -> Bool

  /// What the database's own check of its files finds, in a few lines.
  func damages(_ connection: any SQLConnection) throws -> [String]

  /// Ends all connections; the database cannot be used afterwards.
  func close() throws
}

/// A database that did not do what it was asked: it is damaged, full or cannot be reached.
package struct DatabaseFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package let source: String
  package let reason: String

  package init(source: String, reason: String) {
    self.source = source
    self.reason = reason
  }

  package var description: String { "\(source): \(reason)" }
}

/// The words for what has no name that all databases know.
package enum SQLDialect: Sendable {
  case sqlite
  case postgreSQL

  /// The type of a column of bytes.
  var bytes: String { self == .sqlite ? "BLOB" : "BYTEA" }

  /// The type of a column of whole numbers of 64 bits.
  var integer: String { self == .sqlite ? "INTEGER" : "BIGINT" }

  /// What ends the definition of a table that is its primary key's index.
  var withoutRowID: String { self == .sqlite ? " WITHOUT ROWID" : "" }
}

extension SQLConnection {
  /// The first row of an answer.
  func row(_ sql: String, _ arguments: [SQLValue] = []) throws -> SQLRow? {
    try rows(sql, arguments).first
  }

  func rows(_ sql: String) throws -> [SQLRow] { try rows(sql, []) }

  @discardableResult
  func execute(_ sql: String) throws -> Int { try execute(sql, []) }

  /// The number that an answer of one row and one column holds; nil for none or NULL.
  func integer(_ sql: String, _ arguments: [SQLValue] = []) throws -> Int? {
    guard let row = try row(sql, arguments), row.values.first != .null else { return nil }
    return try row.integer(at: 0)
  }
}

extension SQLValue: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int) { self = .integer(value) }

  /// NULL for nil.
  static func optional(_ bytes: [UInt8]?) -> SQLValue { bytes.map { .blob($0) } ?? .null }
}

extension SQLRow {
  /// The places of columns by their names; the first of two with one name.
  package static func places(of names: [String]) -> [String: Int] {
    Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
  }

  // Files may be damaged and hold values of other types than were stored.

  package func integer(_ column: String) throws -> Int {
    guard case .integer(let value) = try value(column) else { throw wrong(column, "a number") }
    return value
  }

  package func text(_ column: String) throws -> String {
    guard case .text(let value) = try value(column) else { throw wrong(column, "text") }
    return value
  }

  package func bytes(_ column: String) throws -> [UInt8] {
    switch try value(column) {
    case .blob(let value): return value
    // A damaged type; what the bytes should have been is checked by those who know it.
    case .text(let value): return Array(value.utf8)
    default: throw wrong(column, "bytes")
    }
  }

  /// Nil where the database has nothing.
  package func optionalBytes(_ column: String) throws -> [UInt8]? {
    try value(column) == .null ? nil : bytes(column)
  }

  package func digest(_ column: String) throws -> Corpus.Digest {
    let bytes = try bytes(column)
    guard let digest = Corpus.Digest(bytes: bytes) else {
      throw LedgerError(
        file: source, field: column, found: "\(bytes.count) bytes", expected: "32 bytes")
    }
    return digest
  }

  func integer(at index: Int) throws -> Int {
    guard case .integer(let value) = values[index] else {
      throw LedgerError(
        file: source, field: "column \(index)", found: "another type", expected: "a number")
    }
    return value
  }

  func value(_ column: String) throws -> SQLValue {
    guard let index = columns[column] else {
      throw LedgerError(
        file: source, field: column, found: "no such column", expected: "one in the answer")
    }
    return values[index]
  }

  private func wrong(_ column: String, _ expected: String) -> LedgerError {
    let isMissing = (columns[column].map { values[$0] } ?? .null) == .null
    return LedgerError(
      file: source, field: column, found: isMissing ? "nothing" : "another type",
      expected: expected)
  }
}
