import Corpus
import GRDB

/// The tables of a ledger in SQLite, and how they are opened.
enum LedgerSchema {
  static let file = "ledger.sqlite"

  /// Opens or creates the database: write-ahead log, and every commit synced to the disk.
  static func open(path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    let pool = try DatabasePool(path: path, configuration: configuration)
    // GRDB sets NORMAL with the write-ahead log, which can lose commits in a power failure.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    try migrator.migrate(pool)
    return pool
  }

  /// Whether a database has all that this program expects; one that is only read is not changed.
  static func isCurrent(_ database: Database) throws -> Bool {
    try migrator.hasCompletedMigrations(database)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      for statement in tables { try database.execute(sql: statement) }
    }
    migrator.registerMigration("witnesses") { database in
      // Whether receipts are given with it: 0 while too few witnesses have cosigned it. Its note
      // is fixed once it is 1.
      try database.execute(
        sql: "ALTER TABLE checkpoints ADD COLUMN receipts INTEGER NOT NULL DEFAULT 1")
    }
    return migrator
  }

  private static let tables = [
    """
    CREATE TABLE agents (
      key BLOB PRIMARY KEY, name TEXT NOT NULL, registered INTEGER NOT NULL,
      record BLOB NOT NULL) WITHOUT ROWID
    """,
    """
    CREATE TABLE shards (
      root BLOB PRIMARY KEY, name TEXT NOT NULL, contributor BLOB NOT NULL,
      contributor_name TEXT NOT NULL, registered INTEGER NOT NULL, record BLOB NOT NULL)
    WITHOUT ROWID
    """,
    "CREATE INDEX shards_by_contributor ON shards (contributor)",
    // A leaf of the tree. `receipt_size` is the size of the checkpoint in its first receipt, 0
    // before there is one.
    """
    CREATE TABLE entries (
      position INTEGER PRIMARY KEY, agent BLOB NOT NULL, sequence INTEGER NOT NULL,
      hash BLOB NOT NULL, header BLOB NOT NULL, payload BLOB, logged INTEGER NOT NULL,
      receipt_size INTEGER NOT NULL, UNIQUE (agent, sequence))
    """,
    // Hashes of the tree's nodes in the order of NodePosition.storageIndex.
    "CREATE TABLE hashes (position INTEGER PRIMARY KEY, hash BLOB NOT NULL)",
    "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
    traces,
    credits,
    """
    CREATE TABLE equivocations (
      agent BLOB NOT NULL, sequence INTEGER NOT NULL, header BLOB NOT NULL,
      seen INTEGER NOT NULL, PRIMARY KEY (agent, sequence)) WITHOUT ROWID
    """,
  ]

  /// An agent's trace is credited once, whatever batches it is in.
  static let traces = """
    CREATE TABLE traces (
      agent BLOB NOT NULL, id BLOB NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (agent, id))
    WITHOUT ROWID
    """

  static let credits = """
    CREATE TABLE credits (
      contributor BLOB NOT NULL, period TEXT NOT NULL, answers INTEGER NOT NULL,
      share_ppm INTEGER NOT NULL, PRIMARY KEY (contributor, period)) WITHOUT ROWID
    """
}
