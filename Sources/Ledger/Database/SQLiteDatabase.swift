import Corpus
import Foundation
import GRDB
import GRDBSQLite

/// A ledger's database in a file of SQLite, with a write-ahead log.
final class SQLiteDatabase: SQLDatabase {
  let source = LedgerSchema.file
  private let file: any DatabaseWriter

  /// Opens or creates the file; every commit is synced to the disk.
  init(path: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    file = try DatabasePool(durable: path, configuration: configuration)
    try Self.migrator.migrate(file)
  }

  /// Opens a file that is there, and that nothing is written to.
  init(readOnly path: String) throws {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    file = try DatabaseQueue(path: path, configuration: configuration)
  }

  /// The data folder's lock keeps others out.
  var isShared: Bool { false }

  func exclusively<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async throws -> Value { try await body() }

  func isCurrent(_ connection: any SQLConnection) throws -> Bool {
    guard let connection = connection as? SQLiteConnection else { return false }
    return try connection.reporting {
      try Self.migrator.hasCompletedMigrations(connection.database)
    }
  }

  func damages(_ connection: any SQLConnection) throws -> [String] {
    try connection.rows("PRAGMA integrity_check(10)").map { try $0.text("integrity_check") }
      .filter { $0 != "ok" }
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> Value
  ) async throws -> Value {
    try await file.read { try body(SQLiteConnection(database: $0, source: self.source)) }
  }

  func readBlocking<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value {
    try file.read { try body(SQLiteConnection(database: $0, source: self.source)) }
  }

  func write<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> Value
  ) async throws -> Value {
    try await file.write { try body(SQLiteConnection(database: $0, source: self.source)) }
  }

  func close() throws { try file.close() }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    for migration in LedgerSchema.migrations {
      migrator.registerMigration(migration.name) { database in
        try migration.run(SQLiteConnection(database: database, source: LedgerSchema.file))
      }
    }
    return migrator
  }
}

/// One of SQLite's connections, inside a transaction.
struct SQLiteConnection: SQLConnection {
  let database: Database
  let source: String

  var dialect: SQLDialect { .sqlite }

  @discardableResult
  func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
    try reporting {
      let before = database.totalChangesCount
      try statement(sql, arguments).execute()
      return database.totalChangesCount - before
    }
  }

  /// One statement for all rows, bound without GRDB's lists of arguments, which cost more than the
  /// rows.
  @discardableResult
  func insert(
    into table: String, columns: [String], _ rows: [[SQLValue]], end: String
  ) throws -> Int {
    let before = database.totalChangesCount
    let statement = try reporting {
      try database.cachedStatement(
        sql: """
          INSERT INTO \(table) (\(columns.joined(separator: ", ")))
          VALUES (\(SQL.places(columns.count))) \(end)
          """)
    }.sqliteStatement
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for row in rows {
      for (index, value) in zip(Int32(1)..., row) {
        try check(value.bind(to: statement, at: index), SQLITE_OK)
      }
      try check(sqlite3_step(statement), SQLITE_DONE)
      try check(sqlite3_reset(statement), SQLITE_OK)
    }
    return database.totalChangesCount - before
  }

  private func check(_ code: Int32, _ expected: Int32) throws {
    guard code != expected else { return }
    throw DatabaseFailure(
      source: source, reason: String(cString: sqlite3_errmsg(database.sqliteConnection)))
  }

  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
    try reporting {
      let statement = try statement(sql, arguments)
      let cursor = try Row.fetchCursor(statement)
      let columns = SQLRow.places(of: statement.columnNames)
      var rows: [SQLRow] = []
      while let row = try cursor.next() {
        rows.append(
          SQLRow(
            columns: columns, values: row.databaseValues.map(SQLValue.init), source: source))
      }
      return rows
    }
  }

  /// Errors of SQLite as errors of a database.
  fileprivate func reporting<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw DatabaseFailure(source: source, reason: error.message ?? "\(error)")
    }
  }

  private func statement(_ sql: String, _ arguments: [SQLValue]) throws -> Statement {
    let statement = try database.cachedStatement(sql: sql)
    try statement.setArguments(StatementArguments(arguments.map(\.databaseValue)))
    return statement
  }
}

extension SQLValue {
  fileprivate var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let value): value.databaseValue
    case .text(let value): value.databaseValue
    case .blob(let value): Data(value).databaseValue
    }
  }

  /// Binds a copy of the value; returns SQLite's code.
  fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)  // SQLITE_TRANSIENT
    switch self {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let value): return sqlite3_bind_int64(statement, index, Int64(value))
    case .text(let value):
      return sqlite3_bind_text(statement, index, value, Int32(value.utf8.count), copied)
    case .blob(let value):
      return value.withUnsafeBytes {
        // A null pointer would bind NULL.
        $0.isEmpty
          ? sqlite3_bind_zeroblob(statement, index, 0)
          : sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), copied)
      }
    }
  }

  fileprivate init(_ value: DatabaseValue) {
    switch value.storage {
    case .null: self = .null
    case .int64(let value): self = .integer(Int(value))
    case .string(let value): self = .text(value)
    case .blob(let value): self = .blob(Array(value))
    // The tables hold none; a damaged file may.
    case .double(let value): self = .text("\(value)")
    }
  }
}
