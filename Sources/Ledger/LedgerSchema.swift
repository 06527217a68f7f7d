import Corpus
import Trace

/// The tables of a ledger, and how they came about.
package enum LedgerSchema {
  /// SQLite's file in the data folder.
  static let file = "ledger.sqlite"

  /// A change of the tables that every database goes through once, in the order of ``migrations``.
  package struct Migration: Sendable {
    package let name: String
    /// Makes the change in the transaction that notes it.
    package let run: @Sendable (any SQLConnection) throws -> Void

    init(name: String, run: @escaping @Sendable (any SQLConnection) throws -> Void) {
      self.name = name
      self.run = run
    }

    init(name: String, statements: @escaping @Sendable (SQLDialect) -> [String]) {
      self.init(name: name) { connection in
        for statement in statements(connection.dialect) { try connection.execute(statement) }
      }
    }
  }

  package static let migrations = [
    Migration(name: "1", statements: tables),
    // Whether receipts are given with it: 0 while too few witnesses have cosigned it. Its note is
    // fixed once it is 1.
    Migration(name: "witnesses") { (dialect: SQLDialect) in
      ["ALTER TABLE checkpoints ADD COLUMN receipts \(dialect.integer) NOT NULL DEFAULT 1"]
    },
    Migration(name: "admission", statements: admission),
    Migration(name: "quotas", statements: quotas),
    Migration(name: "registry", statements: registry),
    // One row: whose log this is.
    Migration(name: "log") { (_: SQLDialect) in
      ["CREATE TABLE log (origin TEXT PRIMARY KEY, vkey TEXT NOT NULL)"]
    },
    Migration(name: "credited", run: credited),
    // The leaf of a shard's claim; nothing for those of the time before claims were logged.
    Migration(name: "claims") { (dialect: SQLDialect) in
      [
        "ALTER TABLE shards ADD COLUMN entry \(dialect.integer)",
        "CREATE UNIQUE INDEX shards_by_entry ON shards (entry)",
      ]
    },
    Migration(name: "contests", statements: contests),
    // Which checkpoint is in a leaf's receipt was a column of entries, so each was written twice.
    Migration(name: "receipts") { (_: SQLDialect) in
      [
        "CREATE INDEX checkpoints_with_receipts ON checkpoints (size) WHERE receipts = 1",
        "ALTER TABLE entries DROP COLUMN receipt_size",
      ]
    },
  ]

  private static func tables(_ dialect: SQLDialect) -> [String] {
    let (bytes, integer, end) = (dialect.bytes, dialect.integer, dialect.withoutRowID)
    return [
      """
      CREATE TABLE agents (
        key \(bytes) PRIMARY KEY, name TEXT NOT NULL, registered \(integer) NOT NULL,
        record \(bytes) NOT NULL)\(end)
      """,
      """
      CREATE TABLE shards (
        root \(bytes) PRIMARY KEY, name TEXT NOT NULL, contributor \(bytes) NOT NULL,
        contributor_name TEXT NOT NULL, registered \(integer) NOT NULL,
        record \(bytes) NOT NULL)\(end)
      """,
      "CREATE INDEX shards_by_contributor ON shards (contributor)",
      // A leaf of the tree. Batches count from 0, and claims to shards, under their contributor's
      // key, -1, -2 and so on. ("receipts" drops `receipt_size`.)
      """
      CREATE TABLE entries (
        position \(integer) PRIMARY KEY, agent \(bytes) NOT NULL, sequence \(integer) NOT NULL,
        hash \(bytes) NOT NULL, header \(bytes) NOT NULL, payload \(bytes),
        logged \(integer) NOT NULL, receipt_size \(integer) NOT NULL, UNIQUE (agent, sequence))
      """,
      // Hashes of the tree's nodes in the order of NodePosition.storageIndex.
      "CREATE TABLE hashes (position \(integer) PRIMARY KEY, hash \(bytes) NOT NULL)",
      "CREATE TABLE checkpoints (size \(integer) PRIMARY KEY, note TEXT NOT NULL)",
      """
      CREATE TABLE traces (
        agent \(bytes) NOT NULL, id \(bytes) NOT NULL, entry \(integer) NOT NULL,
        PRIMARY KEY (agent, id))\(end)
      """,
      credits(dialect),
      """
      CREATE TABLE equivocations (
        agent \(bytes) NOT NULL, sequence \(integer) NOT NULL, header \(bytes) NOT NULL,
        seen \(integer) NOT NULL, PRIMARY KEY (agent, sequence))\(end)
      """,
    ]
  }

  /// Signed policies, all that ever were in force, and the invitations that were used.
  private static func admission(_ dialect: SQLDialect) -> [String] {
    let (bytes, integer, end) = (dialect.bytes, dialect.integer, dialect.withoutRowID)
    return [
      """
      CREATE TABLE policies (
        version \(integer) PRIMARY KEY, digest \(bytes) NOT NULL UNIQUE, note TEXT NOT NULL,
        since \(integer) NOT NULL)
      """,
      """
      CREATE TABLE invitations (
        id \(bytes) PRIMARY KEY, agent \(bytes) NOT NULL, spent \(integer) NOT NULL)\(end)
      """,
    ]
  }

  /// Documents of shards in the order of their registration.
  ///
  /// `owner` is the position of the document that owns the cluster, nothing for an owner; the bands
  /// are those of owners.
  private static func registry(_ dialect: SQLDialect) -> [String] {
    let (bytes, integer, end) = (dialect.bytes, dialect.integer, dialect.withoutRowID)
    return [
      """
      CREATE TABLE shard_documents (
        position \(integer) PRIMARY KEY, root \(bytes) NOT NULL, number \(integer) NOT NULL,
        digest \(bytes) NOT NULL, signature \(bytes) NOT NULL, owner \(integer),
        UNIQUE (root, number))
      """,
      "CREATE INDEX shard_documents_by_digest ON shard_documents (digest, position)",
      """
      CREATE TABLE shard_bands (
        band \(integer) NOT NULL, value \(integer) NOT NULL, position \(integer) NOT NULL,
        PRIMARY KEY (band, value, position))\(end)
      """,
      """
      CREATE TABLE shard_count (
        id \(integer) PRIMARY KEY, documents \(integer) NOT NULL)
      """,
      "INSERT INTO shard_count (id, documents) VALUES (1, 0)",
    ]
  }

  /// Contests that were won, and whose clusters they moved.
  ///
  /// A shard's `root` is its key in the registry. A registration that took a root from an earlier
  /// one has another key, and the root in `claimed_root`; the earlier one has that key as its
  /// `holder`. `contested` and `own` are keys.
  private static func contests(_ dialect: SQLDialect) -> [String] {
    let (bytes, integer, end) = (dialect.bytes, dialect.integer, dialect.withoutRowID)
    return [
      "ALTER TABLE shards ADD COLUMN holder \(bytes)",
      "ALTER TABLE shards ADD COLUMN claimed_root \(bytes)",
      "CREATE INDEX shards_by_claimed_root ON shards (claimed_root)",
      """
      CREATE TABLE contests (
        number \(integer) PRIMARY KEY, digest \(bytes) NOT NULL UNIQUE, record \(bytes) NOT NULL,
        filed \(integer) NOT NULL, policy \(bytes) NOT NULL, root \(bytes) NOT NULL,
        contested \(bytes) NOT NULL, own \(bytes) NOT NULL, takes_root \(integer) NOT NULL,
        log TEXT NOT NULL, proven \(integer) NOT NULL)
      """,
      "CREATE INDEX contests_by_root ON contests (root, number)",
      "CREATE INDEX contests_by_contested ON contests (contested)",
      """
      CREATE TABLE cluster_moves (
        founder \(integer) NOT NULL, contest \(integer) NOT NULL, owner \(integer) NOT NULL,
        PRIMARY KEY (founder, contest))\(end)
      """,
      "CREATE INDEX cluster_moves_by_contest ON cluster_moves (contest)",
    ]
  }

  /// `agent_bytes` is the sum of the bytes of an agent's headers and payloads up to an entry.
  private static func quotas(_ dialect: SQLDialect) -> [String] {
    [
      "ALTER TABLE entries ADD COLUMN agent_bytes \(dialect.integer) NOT NULL DEFAULT 0",
      """
      UPDATE entries SET agent_bytes = sums.bytes FROM (
        SELECT position AS at, sum(length(header) + coalesce(length(payload), 0))
          OVER (PARTITION BY agent ORDER BY sequence) AS bytes FROM entries) AS sums
      WHERE entries.position = sums.at
      """,
    ]
  }

  /// An agent's trace is credited once, whatever batches it is in: the entry, by ``CreditKey``.
  static func credited(_ dialect: SQLDialect) -> String {
    "CREATE TABLE credited (trace \(dialect.integer) PRIMARY KEY, entry \(dialect.integer) NOT NULL)"
  }

  /// Rows of 48 bytes of key, in no order, were most of what a trace cost.
  private static func credited(_ connection: any SQLConnection) throws {
    try connection.execute(credited(connection.dialect))
    var rows = PagedRows(connection, "SELECT agent, id, entry FROM traces", by: ["agent", "id"])
    var waiting: [[SQLValue]] = []
    func write() throws {
      try connection.insert(into: "credited", columns: ["trace", "entry"], waiting)
      waiting = []
    }
    while let row = try rows.next() {
      guard let agent = ContributorKey(bytes: try row.bytes("agent")),
        let id = TraceID(bytes: try row.bytes("id"))
      else {
        throw LedgerError(
          file: connection.source, field: "traces", found: "an agent or id of another length",
          expected: "32 and 16 bytes")
      }
      waiting.append([
        .integer(CreditKey(agent: agent, id: id).value), .integer(try row.integer("entry")),
      ])
      if waiting.count == 1024 { try write() }
    }
    try write()
    try connection.execute("DROP TABLE traces")
  }

  static func credits(_ dialect: SQLDialect) -> String {
    """
    CREATE TABLE credits (
      contributor \(dialect.bytes) NOT NULL, period TEXT NOT NULL,
      answers \(dialect.integer) NOT NULL, share_ppm \(dialect.integer) NOT NULL,
      PRIMARY KEY (contributor, period))\(dialect.withoutRowID)
    """
  }
}
