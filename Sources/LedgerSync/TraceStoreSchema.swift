import Corpus
import GRDB

/// The tables of the traces and of the outbox, and how they are opened.
enum TraceStoreSchema {
  /// The number of the last migration.
  static let version = 3

  /// Opens or creates the database.
  ///
  /// It has a write-ahead log, every commit is synced to the disk, and writers of other processes
  /// are waited for. Nobody else may open it meanwhile.
  ///
  /// Throws if the schema is not exactly this program's, or an earlier one that it can bring up to
  /// date: SQLite itself takes a damaged name for another name.
  static func open(path: String) throws -> DatabasePool {
    let pool = try DatabasePool(durable: path, configuration: configuration)
    let found = try pool.read { try appliedVersion($0) }
    guard found <= version else {
      throw CorpusError(
        path, field: "format", found: "version \(found)",
        expected: "at most \(version); this file was written by a newer tributary")
    }
    if found < version {
      if found > 0 { try pool.read { try verify($0, version: found) } }
      try migrator.migrate(pool)
    }
    try pool.writeWithoutTransaction { database in
      try verify(database)
      for trigger in try checkedTables.get().flatMap(\.triggers) {
        try database.execute(sql: trigger)
      }
    }
    return pool
  }

  /// Makes a database for rows that were salvaged from another: without triggers, so that they keep
  /// their checksums, and without syncs, since it is copied into its place.
  static func openForSalvage(path: String) throws -> DatabaseQueue {
    var configuration = configuration
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.inDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    try migrator.migrate(queue)
    return queue
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(15)
    configuration.maximumReaderCount = 2
    configuration.prepareDatabase { $0.add(function: RowChecksum.function) }
    return configuration
  }

  /// The tables whose rows carry checksums, after the last migration.
  static let checkedTables = Result {
    try sound(version).read { database in
      try ["traces", "batches", "headers", "ledgers", "damages", "log_shards"].map {
        try CheckedTable($0, database)
      }
    }
  }

  static func checkedTable(_ name: String) throws -> CheckedTable {
    guard let table = try checkedTables.get().first(where: { $0.name == name }) else {
      preconditionFailure("\(name) carries no checksum")
    }
    return table
  }

  private static let soundSchema = Result { try sound(version).read { try schema($0) } }

  /// An empty database of that version, in memory.
  private static func sound(_ version: Int) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(configuration: configuration)
    try migrator.migrate(queue, upTo: String(version))
    return queue
  }

  /// Every table, index and trigger as it is stored; GRDB's own tables by name.
  private static func schema(_ database: Database) throws -> [[DatabaseValue]] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT type, name, tbl_name, iif(name LIKE 'grdb%', NULL, sql) FROM sqlite_master
        ORDER BY name, type
        """
    ).map { row in (0..<4).map { row[$0] } }
  }

  /// Throws if the schema is not that of a version.
  static func verify(_ database: Database, version: Int = version) throws {
    let expected =
      try version == Self.version
      ? soundSchema.get() : sound(version).read { try schema($0) }
    let found = try schema(database)
    let vacuum = try Row.fetchOne(database, sql: "PRAGMA auto_vacuum")?.integer("auto_vacuum")
    guard found == expected, vacuum == 0 else {
      throw CorpusError(
        "traces.sqlite", field: "schema", found: "other tables and indexes",
        expected: "those of version \(version)")
    }
  }

  /// The number of the last migration; 0 for a database that is being made.
  private static func appliedVersion(_ database: Database) throws -> Int {
    let names = try Row.fetchAll(database, sql: "SELECT name FROM sqlite_master")
    let pages = try Row.fetchOne(database, sql: "PRAGMA page_count")?.integer("page_count") ?? 0
    let isNew = names.isEmpty && pages <= 4
    if isNew { return 0 }
    let rows = try Row.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations")
    let versions = try rows.map { Int(try $0.text("identifier")) ?? 0 }.sorted()
    guard versions == Array(1..<versions.count + 1), !versions.isEmpty || pages <= 8 else {
      throw CorpusError(
        "traces.sqlite", field: "grdb_migrations", found: "other numbers",
        expected: "the numbers from 1 on")
    }
    return versions.count
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      for statement in tables { try database.execute(sql: statement) }
    }
    migrator.registerMigration("2") { database in
      for statement in checksums { try database.execute(sql: statement) }
      try database.execute(sql: copyHeaders)
      for name in ["traces", "batches", "headers", "ledgers"] {
        try database.execute(sql: try CheckedTable(name, database).fill)
      }
    }
    migrator.registerMigration("3") { database in
      // The policy in which a ledger's log named its log shards.
      try database.execute(
        sql: """
          CREATE TABLE log_shards (
            url TEXT PRIMARY KEY, policy TEXT, version INTEGER NOT NULL DEFAULT 0, checksum BLOB)
          """)
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

  // A row's version counts its changes; of two copies of a row in a damaged file the later one is
  // known by it. Headers are there twice: a batch can be made again from its header and its
  // traces, and its number in the agent's chain must not be lost.
  private static let checksums =
    ["traces", "batches", "ledgers"].flatMap { table in
      [
        "ALTER TABLE \(table) ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE \(table) ADD COLUMN checksum BLOB",
      ]
    } + [
      """
      CREATE TABLE headers (
        number INTEGER PRIMARY KEY, log TEXT NOT NULL, header BLOB NOT NULL,
        version INTEGER NOT NULL DEFAULT 0, checksum BLOB)
      """,
      """
      CREATE TABLE damages (
        number INTEGER PRIMARY KEY AUTOINCREMENT, found INTEGER NOT NULL, place TEXT, row INTEGER,
        what TEXT NOT NULL, reported INTEGER, version INTEGER NOT NULL DEFAULT 0, checksum BLOB)
      """,
    ]

  /// Makes the second copies that are missing.
  static let copyHeaders = """
    INSERT INTO headers (number, log, header) SELECT number, log, header FROM batches
    WHERE number NOT IN (SELECT number FROM headers)
    """
}
