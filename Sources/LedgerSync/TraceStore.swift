import Corpus
import Foundation
import GRDB
import Synchronization
import Trace

/// The traces of this device and the outbox through which their public parts go to a ledger.
///
/// Everything is in one SQLite file that several processes may use at once. A call that returns has
/// been synced to the disk.
package final class TraceStore: Sendable {
  package let path: String
  let reserve: SpaceReserve
  /// Replaced when the file was repaired: an open connection may remember what was damaged.
  private let connections: Mutex<DatabasePool>

  var pool: DatabasePool { connections.withLock { $0 } }

  /// Opens the file, or creates it readable for its owner alone.
  ///
  /// A file that is damaged so much that it cannot be opened is repaired; see `damages`.
  package init(
    path: String,
    freeSpace: @escaping @Sendable (String) -> Int? = SpaceReserve.systemFreeSpace
  ) throws {
    self.path = path
    let reserve = SpaceReserve(path: path + ".reserve", freeSpace: freeSpace)
    self.reserve = reserve
    try DurableFile.createFolder(DurableFile.parent(of: path))
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(
        atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    let pool = try Self.withSpace(reserve, draining: true, path: path) {
      try Self.alone(path) { try Self.openOrRepair(path) }
    }
    connections = Mutex(pool)
    reserve.refill()
  }

  private static func openOrRepair(_ path: String) throws -> DatabasePool {
    do {
      return try TraceStoreSchema.open(path: path)
    } catch  where mayBeDamage(error) {
      let now = Int(Date().timeIntervalSince1970)
      _ = try repair(path: path, cause: "\(error)", now: now)
      return try TraceStoreSchema.open(path: path)
    }
  }

  /// Opens the file anew; nobody else may open it meanwhile.
  func reopen() throws {
    let fresh = try TraceStoreSchema.open(path: path)
    let old = connections.withLock { pool in
      defer { pool = fresh }
      return pool
    }
    // A reader may still be at it; its connections close when it ends.
    try? old.close()
  }

  /// Closes the file; the store cannot be used afterwards.
  package func close() throws {
    moveLog()
    try pool.close()
  }

  /// Keeps a trace and puts its public part into the outbox; a trace that is there already stays.
  package func append(_ trace: SealedTrace) throws {
    try write(draining: false) { database in
      // Not OR IGNORE, which would use up a number, and a number without a row is a lost row.
      try database.execute(
        sql: """
          INSERT INTO traces (id, agent, created, stored, public) SELECT ?1, ?2, ?3, ?4, ?5
          WHERE NOT EXISTS (SELECT 1 FROM traces WHERE id = ?1)
          """,
        arguments: [
          Data(trace.id.bytes), Data(trace.publicPart.agent.bytes), trace.publicPart.created,
          Data(trace.storedBytes), Data(trace.publicBytes),
        ])
    }
    moveLog()
  }

  /// The latest traces first.
  package func list(limit: Int = 100) throws -> [TraceEntry] {
    try read { database in
      try TraceEntry.fetch(database, where: "TRUE", limit: limit)
    }
  }

  /// The trace of that id with its stored bytes.
  package func load(_ id: TraceID) throws -> (entry: TraceEntry, storedBytes: [UInt8])? {
    try read { database in
      let entries = try TraceEntry.fetch(
        database, where: "t.id = ?", arguments: [Data(id.bytes)], limit: 1)
      guard let entry = entries.first else { return nil }
      let row = try Row.fetchOne(
        database, sql: "SELECT stored FROM traces WHERE id = ?", arguments: [Data(id.bytes)])
      return try row.map { (entry, try $0.bytes("stored")) }
    }
  }

  /// The traces whose id begins with these hexadecimal digits, at most two of them.
  package func find(prefix: String) throws -> [TraceEntry] {
    guard !prefix.isEmpty,
      prefix.utf8.allSatisfy({ Hex.decode("0" + String(UnicodeScalar($0))) != nil })
    else { return [] }
    return try read { database in
      try TraceEntry.fetch(
        database, where: "hex(t.id) LIKE ?", arguments: [prefix + "%"], limit: 2)
    }
  }

  /// Counts by state, for every ledger together.
  package func statistics() throws -> OutboxStatistics {
    try read { database in
      var statistics = OutboxStatistics()
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT b.state AS state, t.damage IS NOT NULL AS damaged, count(*) AS count
          FROM traces t LEFT JOIN batches b ON b.number = t.batch GROUP BY 1, 2
          """)
      for row in rows {
        let state = try TraceState(
          batch: row.optional("state"), isDamaged: row.integer("damaged") == 1)
        statistics.traces[state, default: 0] += try row.integer("count")
      }
      return statistics
    }
  }
}

/// Where a trace stands on its way to the ledger.
package enum TraceState: String, Sendable, CaseIterable {
  /// Kept here, in no batch yet.
  case pending
  /// In a batch whose bytes are fixed, not yet sent.
  case sealed
  /// In a batch that was sent; what became of it is not known yet.
  case sent
  /// In the log, proved by a verified receipt.
  case receipted
  /// In a batch that the ledger refused; kept here.
  case quarantined
  /// Its public part is no longer what was signed: the file was damaged.
  case damaged

  init(batch state: String?, isDamaged: Bool) throws {
    switch state {
    case nil where isDamaged: self = .damaged
    case nil: self = .pending
    case BatchState.void.rawValue: self = .quarantined
    case let state?:
      guard let known = TraceState(rawValue: state) else {
        throw CorpusError(
          "traces.sqlite", field: "state", found: String(state.prefix(40)),
          expected: "a state of a batch")
      }
      self = known
    }
  }
}

/// One trace in a list.
package struct TraceEntry: Equatable, Sendable {
  package let id: TraceID
  /// Seconds since 1970-01-01 UTC, rounded down to the hour.
  package let created: Int
  package let state: TraceState
  package let byteCount: Int
  /// The receipt of its batch, once verified.
  package let receipt: TraceReceipt?
  /// Why the ledger refused its batch, or what is wrong with it.
  package let refusal: String?

  static func fetch(
    _ database: Database, where condition: String, arguments: StatementArguments = [], limit: Int
  ) throws -> [TraceEntry] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT t.id, t.created, length(t.stored) AS size, t.damage, b.state, b.log, b.sequence,
          b.header, b.receipt, b.refusal
        FROM traces t LEFT JOIN batches b ON b.number = t.batch
        WHERE \(condition) ORDER BY t.number DESC LIMIT \(limit)
        """, arguments: arguments)
    return try rows.map(TraceEntry.init(row:))
  }

  private init(row: Row) throws {
    guard let id = TraceID(bytes: try row.bytes("id")) else {
      throw CorpusError("traces.sqlite", field: "id", found: "other bytes", expected: "16 bytes")
    }
    self.id = id
    created = try row.integer("created")
    let damage: String? = try row.optional("damage")
    state = try TraceState(batch: row.optional("state"), isDamaged: damage != nil)
    byteCount = try row.integer("size")
    refusal = try row.optional("refusal") ?? damage
    let proof: String? = try row.optional("receipt")
    receipt = try proof.map { proof in
      TraceReceipt(
        log: try row.text("log"), sequence: try row.integer("sequence"),
        signedHeader: try row.bytes("header"), proof: proof)
    }
  }
}

/// The proof that the batch of a trace is in a log.
package struct TraceReceipt: Equatable, Sendable {
  /// The log's public key (vkey), which begins with its origin.
  package let log: String
  package let sequence: Int
  /// The leaf.
  package let signedHeader: [UInt8]
  /// C2SP tlog-proof: inclusion in a signed checkpoint.
  package let proof: String
}

/// What is in the outbox.
package struct OutboxStatistics: Equatable, Sendable {
  package var traces: [TraceState: Int] = [:]

  package init() {}

  /// Traces that a ledger has not yet acknowledged and may still accept.
  package var waiting: Int {
    [TraceState.pending, .sealed, .sent].reduce(0) { $0 + (traces[$1] ?? 0) }
  }
}
