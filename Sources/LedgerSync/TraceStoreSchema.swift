import Corpus
import GRDB

/// The tables of the traces and of the outbox, and how they are opened.
enum TraceStoreSchema {
  /// Opens or creates the database: write-ahead log, every commit synced to the disk, and writers
  /// of other processes waited for.
  static func open(path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(15)
    configuration.maximumReaderCount = 2
    // SQLite does not wait for others while it switches a new file to the write-ahead log.
    return try FileLock.withLock(path + ".lock") {
      let pool = try DatabasePool(path: path, configuration: configuration)
      // GRDB sets NORMAL with the write-ahead log, which can lose commits in a power failure.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try migrator.migrate(pool)
      return pool
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      for statement in tables { try database.execute(sql: statement) }
    }
    return migrator
  }

  private static let tables = [
    // A batch's header and payload never change once they are written. The payload is deleted
    // when the receipt has been verified. `log` is the log's public key: a new key is a new log,
    // in which every agent begins with sequence 0.
    """
    CREATE TABLE batches (
      number INTEGER PRIMARY KEY AUTOINCREMENT, log TEXT NOT NULL, agent BLOB NOT NULL,
      sequence INTEGER NOT NULL, hash BLOB NOT NULL, header BLOB NOT NULL, payload BLOB,
      count INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
      refusal TEXT, receipt TEXT, sealed INTEGER NOT NULL, receipted INTEGER,
      UNIQUE (log, agent, sequence))
    """,
    // `stored` is the whole trace and stays; `public` is what leaves, deleted with the payload.
    // `damage` says why a public part is no longer what was signed; it is never sent.
    """
    CREATE TABLE traces (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, agent BLOB NOT NULL,
      created INTEGER NOT NULL, stored BLOB NOT NULL, public BLOB, damage TEXT,
      batch INTEGER REFERENCES batches (number))
    """,
    "CREATE INDEX traces_by_batch ON traces (batch)",
    // What is known of each ledger: its key since the first contact, the last checkpoint seen.
    """
    CREATE TABLE ledgers (
      url TEXT PRIMARY KEY, vkey TEXT, checkpoint TEXT, registered BLOB,
      failures INTEGER NOT NULL DEFAULT 0, next_attempt INTEGER, asked_to_wait INTEGER,
      last_problem TEXT, last_success INTEGER)
    """,
  ]
}
