import Foundation
import GRDB

/// A ledger's database in a file of SQLite, with a write-ahead log.
final class SQLiteDatabase: SQLDatabase {
  let source = LedgerSchema.file
  private let file: any DatabaseWriter

  /// Opens or creates the file; every commit is synced to the disk.
  init(path: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    file = try DatabasePool(path: path, configuration: configuration)
    // GRDB sets NORMAL with the write-ahead log, which can lose commits in a power failure.
    try file.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
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
        for statement in migration.statements(.sqlite) { try database.execute(sql: statement) }
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
