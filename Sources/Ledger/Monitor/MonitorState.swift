import Corpus
import Foundation
import GRDB
import Trace
import TransparencyLog

/// What a monitor remembers of one log.
///
/// That is the last checkpoint that it verified, and how far each agent's chain had come; both
/// change in one step.
package final class MonitorState: Sendable {
  private let queue: DatabaseQueue
  private let path: String

  /// Opens or creates the state for the log of that key; that of another log is refused.
  package init(path: String, verifier: NoteVerifier) throws {
    self.path = path
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    // A step is as long as it takes to read what is new; it is committed at its end.
    configuration.allowsUnsafeTransactions = true
    queue = try DatabaseQueue(path: path, configuration: configuration)
    try Self.migrator.migrate(queue)
    let key = try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(
        sql: "INSERT OR IGNORE INTO log (id, vkey) VALUES (1, ?)", arguments: [verifier.vkey])
      return try String.fetchOne(database, sql: "SELECT vkey FROM log")
    }
    guard key == verifier.vkey else {
      throw LedgerError(
        file: path, field: "log", found: key ?? "none",
        expected: "\(verifier.vkey); keep one state file for each log")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), vkey TEXT NOT NULL, note TEXT);
          CREATE TABLE agents (
            key BLOB PRIMARY KEY, next INTEGER NOT NULL, head BLOB NOT NULL,
            position INTEGER NOT NULL) WITHOUT ROWID;
          """)
    }
    return migrator
  }

  /// The last verified note.
  func note() async throws -> SignedNote? {
    let text = try await queue.read { try String.fetchOne($0, sql: "SELECT note FROM log") }
    guard let text else { return nil }
    do throws(NoteError) {
      return try SignedNote(encoded: Array(text.utf8))
    } catch {
      throw LedgerError(
        file: path, field: error.field, found: error.found, expected: error.expected)
    }
  }

  /// Keeps what `body` adds together with the note, or nothing when it throws.
  func step<Result: Sendable>(
    to note: SignedNote, _ body: () async throws -> Result
  ) async throws -> Result {
    try await queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    do {
      let result = try await body()
      try await queue.writeWithoutTransaction { database in
        try database.execute(sql: "UPDATE log SET note = ?", arguments: [note.encoded])
        try database.execute(sql: "COMMIT")
      }
      return result
    } catch {
      try await queue.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
      throw error
    }
  }

  /// Moves an agent's chain on; says how the batch breaks it, if it does.
  func advance(_ header: BatchHeader, hash: Digest, position: Int) async throws -> String? {
    try await queue.writeWithoutTransaction { database in
      let connection = SQLiteConnection(database: database, source: self.path)
      let key = SQLValue.blob(header.agent.bytes)
      let row = try connection.row(
        "SELECT next, head, position FROM agents WHERE key = $1", [key])
      let next = try row?.integer("next") ?? 0
      let head = try row?.digest("head") ?? BatchHeader.noPrevious
      try connection.execute(
        """
        INSERT INTO agents (key, next, head, position) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET
          next = excluded.next, head = excluded.head, position = excluded.position
        """, [key, .integer(header.sequence + 1), .blob(hash.bytes), .integer(position)])
      let after = try row.map { "the batch of entry \(try $0.integer("position"))" } ?? "none"
      if header.sequence < next {
        return "sequence \(header.sequence) a second time, expected \(next) after \(after)"
      }
      if header.sequence > next {
        return "sequence \(header.sequence), expected \(next) after \(after)"
      }
      guard header.previous != head else { return nil }
      return "previous \(header.previous), expected \(head) of \(after)"
    }
  }

  package func close() throws { try queue.close() }
}
