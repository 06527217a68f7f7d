import Corpus
import Foundation
import GRDB
import LedgerWire
import Trace
import TransparencyLog

/// Where a batch stands.
enum BatchState: String, Sendable {
  /// Its bytes are fixed; not yet sent.
  case sealed
  /// Sent at least once; what became of it is not known yet.
  case sent
  /// In the log, proved by a verified receipt.
  case receipted
  /// Refused for its content; its header is to be logged alone.
  case quarantined
  /// Refused for its content, and its header is in the log without it.
  case void
}

/// A sealed batch that still has to go out.
struct OutboxBatch: Equatable, Sendable {
  let number: Int
  let sequence: Int
  let state: BatchState
  let count: Int
  let signedHeader: [UInt8]
  let payload: [UInt8]

  /// The bytes to send: always the same for one state.
  var submission: BatchSubmission {
    BatchSubmission(signedHeader: signedHeader, payload: state == .quarantined ? nil : payload)
  }

  init(row: Row) throws {
    number = try row.integer("number")
    try row.demandIntact("batches, row \(number)")
    sequence = try row.integer("sequence")
    let name = try row.text("state")
    guard let state = BatchState(rawValue: name) else {
      throw CorpusError(
        "traces.sqlite", field: "state", found: String(name.prefix(40)),
        expected: "a state of a batch")
    }
    self.state = state
    count = try row.integer("count")
    signedHeader = try row.bytes("header")
    payload = try row.bytes("payload")
  }
}

extension TraceStore {
  /// The oldest batches of an agent for that log that are not settled, as many as one request takes
  /// and `limit` at most.
  func nextBatches(
    log: NoteVerifier, agent: ContributorKey, limit: Int = LedgerLimits.batchesPerRequest
  ) throws -> [OutboxBatch] {
    let batches = try read { database in
      try Row.fetchAll(
        database, sql: Self.unsettled() + " LIMIT ?",
        arguments: [log.vkey, Data(agent.bytes), limit]
      ).map(OutboxBatch.init(row:))
    }
    return Self.firstGroup(of: batches)
  }

  /// The batches at the beginning that go out in one request.
  static func firstGroup(of batches: [OutboxBatch]) -> [OutboxBatch] {
    Array(batches.prefix(SubmissionGroup.first(of: batches.map(\.submission)).count))
  }

  /// The public parts that are in no batch yet, as many as would fit into one.
  func pendingParts(of agent: ContributorKey) throws -> [[UInt8]] {
    try read { database in try Self.pending(of: agent, database).good.map(\.publicBytes) }
  }

  /// Whether as many traces wait as fit into a batch.
  func hasFullBatch(of agent: ContributorKey) throws -> Bool {
    try read { database in
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (
            SELECT 1 FROM traces WHERE batch IS NULL AND damage IS NULL AND agent = ?
            LIMIT 1 OFFSET \(LedgerLimits.tracesPerBatch - 1))
          """, arguments: [Data(agent.bytes)]) == true
    }
  }

  /// All of an agent's batches for that log that are not settled, in order.
  func unsettledBatches(log: NoteVerifier, agent: ContributorKey) throws -> [OutboxBatch] {
    try read { database in
      try Row.fetchAll(
        database, sql: Self.unsettled(), arguments: [log.vkey, Data(agent.bytes)]
      ).map(OutboxBatch.init(row:))
    }
  }

  private static func unsettled() throws -> String {
    """
    SELECT number, sequence, state, count, header, payload,
      \(try TraceStoreSchema.checkedTable("batches").isIntact) AS intact FROM batches
    WHERE log = ? AND agent = ? AND state IN ('sealed', 'sent', 'quarantined')
    ORDER BY sequence
    """
  }

  /// Seals the oldest pending traces into a batch; false if there are none.
  ///
  /// A trace that was damaged on the disk is marked, and does not hold up the others.
  /// The bytes are fixed here, before the first attempt to send them, in one transaction: a crash
  /// leaves either pending traces or a whole batch.
  func sealPending(
    for log: NoteVerifier, identity: ContributorIdentity, now: Int
  ) throws -> Bool {
    try write { database in
      let agent = identity.publicKey
      let (pending, damaged) = try Self.pending(of: agent, database)
      for (trace, error) in damaged {
        try database.execute(
          sql: "UPDATE traces SET damage = ? WHERE number = ?",
          arguments: ["\(error)", trace.number])
      }
      guard !pending.isEmpty else { return !damaged.isEmpty }
      let (sequence, previous) = try Self.chain(log: log, agent: agent, database)
      let batch = try Batch.seal(
        publicParts: pending.map(\.publicBytes), sequence: sequence, previous: previous,
        origin: log.name, identity: identity, created: now)
      try database.execute(
        sql: """
          INSERT INTO batches (log, agent, sequence, hash, header, payload, count, state, sealed)
          VALUES (?, ?, ?, ?, ?, ?, ?, 'sealed', ?)
          """,
        arguments: [
          log.vkey, Data(agent.bytes), sequence, Data(batch.hash.bytes), Data(batch.signedHeader),
          Data(batch.payload), pending.count, now,
        ])
      let number = database.lastInsertedRowID
      try database.execute(
        sql: "INSERT INTO headers (number, log, header) VALUES (?, ?, ?)",
        arguments: [number, log.vkey, Data(batch.signedHeader)])
      for trace in pending {
        try database.execute(
          sql: "UPDATE traces SET batch = ? WHERE number = ?", arguments: [number, trace.number])
      }
      return true
    }
  }

  private struct PendingTrace {
    let number: Int
    let publicBytes: [UInt8]
  }

  /// An agent's oldest traces in no batch, as many as fit into one.
  private static func pending(
    of agent: ContributorKey, _ database: Database
  ) throws -> (good: [PendingTrace], damaged: [(PendingTrace, TraceError)]) {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT number, public, \(try TraceStoreSchema.checkedTable("traces").isIntact) AS intact
        FROM traces
        WHERE batch IS NULL AND damage IS NULL AND agent = ? ORDER BY number
        LIMIT \(LedgerLimits.tracesPerBatch)
        """, arguments: [Data(agent.bytes)])
    var (good, damaged): ([PendingTrace], [(PendingTrace, TraceError)]) = ([], [])
    var byteCount = 1024  // heads of the array and its items
    for row in rows {
      let trace = PendingTrace(
        number: try row.integer("number"), publicBytes: (try? row.bytes("public")) ?? [])
      try row.demandIntact("traces, row \(trace.number)")
      do throws(TraceError) {
        _ = try PublicTrace.verify(trace.publicBytes, agent: agent)
      } catch {
        damaged.append((trace, error))
        continue
      }
      byteCount += trace.publicBytes.count + 8
      guard good.isEmpty || byteCount <= LedgerLimits.contentBytes else { break }
      good.append(trace)
    }
    return (good, damaged)
  }

  /// The sequence number and the previous hash of the agent's next batch for that log.
  private static func chain(
    log: NoteVerifier, agent: ContributorKey, _ database: Database
  ) throws -> (sequence: Int, previous: Corpus.Digest) {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT sequence, hash, \(try TraceStoreSchema.checkedTable("batches").isIntact) AS intact
        FROM batches WHERE log = ? AND agent = ?
        ORDER BY sequence DESC LIMIT 1
        """, arguments: [log.vkey, Data(agent.bytes)])
    guard let row else { return (0, BatchHeader.noPrevious) }
    try row.demandIntact("batches, last row")
    guard let hash = Corpus.Digest(bytes: try row.bytes("hash")) else {
      throw CorpusError("traces.sqlite", field: "hash", found: "other bytes", expected: "32 bytes")
    }
    return (try row.integer("sequence") + 1, hash)
  }
}

extension TraceStore {
  /// Notes that a batch is about to be sent, before the first byte leaves.
  func markSent(_ batch: OutboxBatch) throws {
    try write { database in
      try database.execute(
        sql: """
          UPDATE batches SET attempts = attempts + 1,
            state = CASE state WHEN 'sealed' THEN 'sent' ELSE state END
          WHERE number = ?
          """, arguments: [batch.number])
    }
  }

  /// Keeps a verified receipt with its checkpoint, and deletes the payload that it acknowledges.
  ///
  /// A void batch keeps its payload: the ledger has only its header.
  func settle(
    _ batch: OutboxBatch, receipt: String, checkpoint: SeenCheckpoint, ledger url: String, now: Int
  ) throws {
    try write { database in
      if batch.state == .quarantined {
        try database.execute(
          sql: """
            UPDATE batches SET state = 'void', receipt = ?, receipted = ?
            WHERE number = ? AND state = 'quarantined'
            """, arguments: [receipt, now, batch.number])
      } else {
        try database.execute(
          sql: """
            UPDATE batches SET state = 'receipted', receipt = ?, receipted = ?, payload = NULL
            WHERE number = ? AND state IN ('sealed', 'sent')
            """, arguments: [receipt, now, batch.number])
        try database.execute(
          sql: """
            UPDATE traces SET public = NULL WHERE batch =
              (SELECT number FROM batches WHERE number = ? AND state = 'receipted')
            """, arguments: [batch.number])
      }
      try Self.keep(checkpoint, ledger: url, database)
    }
  }

  /// Puts a refused batch aside; its traces stay.
  func quarantine(_ batch: OutboxBatch, refusal: String) throws {
    try write { database in
      try database.execute(
        sql: """
          UPDATE batches SET state = 'quarantined', refusal = ?
          WHERE number = ? AND state IN ('sealed', 'sent')
          """, arguments: [refusal, batch.number])
    }
  }

  /// Puts the traces of refused batches whose header is logged back into the queue.
  ///
  /// Safe at any time: the ledger credited none of them, and credits a trace once only.
  /// Returns the number of traces.
  @discardableResult
  package func requeueQuarantined() throws -> Int {
    try write { database in
      try database.execute(
        sql: """
          UPDATE traces SET batch = NULL
          WHERE batch IN (SELECT number FROM batches WHERE state = 'void')
          """)
      return database.changesCount
    }
  }
}
