import Corpus
import Foundation
import GRDB
import LedgerWire
import Trace
import TransparencyLog

extension LedgerStore {
  /// Appends a group of batches in one durable commit; ``publish()`` makes them public.
  ///
  /// Each batch has its own outcome: the position of its leaf, or why it was refused. A failure of
  /// the database fails the group as a whole and leaves nothing behind.
  func integrate(
    _ group: [AdmittedBatch], now: Int
  ) async throws -> [Result<Int, LedgerRefusal>] {
    try await pool.write { database in
      var frontier = try Frontier(
        size: self.integratedSize(database), reader: DatabaseHashes(database: database))
      return try group.map { batch in
        try self.integrate(batch, into: &frontier, now: now, database)
      }
    }
  }

  private func integrate(
    _ batch: AdmittedBatch, into frontier: inout Frontier, now: Int, _ database: Database
  ) throws -> Result<Int, LedgerRefusal> {
    switch try place(of: batch, now: now, database) {
    case .failure(let refusal): return .failure(refusal)
    case .success(.logged(let position)): return .success(position)
    case .success(.next): break
    }
    let position = frontier.size
    var storageIndex = NodePosition.storedCount(leaves: position)
    for hash in frontier.append(.leaf(batch.signedHeader)) {
      try database.execute(
        sql: "INSERT INTO hashes (position, hash) VALUES (?, ?)",
        arguments: [storageIndex, Data(hash.bytes)])
      storageIndex += 1
    }
    try database.execute(
      sql: """
        INSERT INTO entries (position, agent, sequence, hash, header, payload, logged, receipt_size)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0)
        """,
      arguments: [
        position, Data(batch.header.agent.bytes), batch.header.sequence, Data(batch.hash.bytes),
        Data(batch.signedHeader), batch.content.map { Data($0.payload) }, now,
      ])
    let period = Period.containing(now)
    for trace in batch.content?.traces ?? [] {
      _ = try Self.credit(trace, entry: position, period: period, database)
    }
    return .success(position)
  }

  /// Credits a trace's shares; false when they were credited before.
  static func credit(
    _ trace: PublicTrace, entry: Int, period: String, _ database: Database
  ) throws -> Bool {
    try database.execute(
      sql: "INSERT OR IGNORE INTO traces (agent, id, entry) VALUES (?, ?, ?)",
      arguments: [Data(trace.agent.bytes), Data(trace.id.bytes), entry])
    guard database.changesCount == 1 else { return false }
    for share in trace.shares where share.sharePPM > 0 {
      try database.execute(
        sql: """
          INSERT INTO credits (contributor, period, answers, share_ppm) VALUES (?, ?, 1, ?)
          ON CONFLICT (contributor, period) DO UPDATE SET
            answers = answers + 1, share_ppm = share_ppm + excluded.share_ppm
          """,
        arguments: [Data(share.contributor.bytes), period, share.sharePPM])
    }
    return true
  }
}

extension LedgerStore {
  /// Where a batch belongs.
  enum Place {
    /// It is in the log already.
    case logged(Int)
    /// It follows the agent's last batch.
    case next
  }

  /// Applies the rules of the agent's sequence; equivocation is kept as evidence.
  private func place(
    of batch: AdmittedBatch, now: Int, _ database: Database
  ) throws -> Result<Place, LedgerRefusal> {
    let header = batch.header
    guard try isRegistered(header.agent, database) else {
      return .failure(.unknown(agent: header.agent))
    }
    if let entry = try entry(header.agent, header.sequence, database) {
      guard entry.hash != batch.hash else { return .success(.logged(entry.position)) }
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO equivocations (agent, sequence, header, seen) VALUES (?, ?, ?, ?)
          """,
        arguments: [
          Data(header.agent.bytes), header.sequence, Data(batch.signedHeader), now,
        ])
      return .failure(.equivocation(header, logged: entry.hash, found: batch.hash))
    }
    let (next, head) = try chain(of: header.agent, database)
    guard header.sequence == next else {
      return .failure(.gap("batch.sequence", found: "\(header.sequence)", expected: "\(next)"))
    }
    guard header.previous == head else {
      return .failure(
        .gap("batch.previous", found: header.previous.hex, expected: head.hex))
    }
    return .success(.next)
  }

  func isRegistered(_ agent: ContributorKey, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM agents WHERE key = ?)",
      arguments: [Data(agent.bytes)]) ?? false
  }

  /// The logged batch of an agent's sequence number.
  func entry(
    _ agent: ContributorKey, _ sequence: Int, _ database: Database
  ) throws -> (position: Int, hash: Corpus.Digest)? {
    let row = try Row.fetchOne(
      database, sql: "SELECT position, hash FROM entries WHERE agent = ? AND sequence = ?",
      arguments: [Data(agent.bytes), sequence])
    return try row.map { (try $0.integer("position"), try $0.digest("hash")) }
  }

  /// The agent's next sequence number, and the hash of its last signed header.
  func chain(
    of agent: ContributorKey, _ database: Database
  ) throws -> (next: Int, head: Corpus.Digest) {
    let row = try Row.fetchOne(
      database,
      sql: "SELECT sequence, hash FROM entries WHERE agent = ? ORDER BY sequence DESC LIMIT 1",
      arguments: [Data(agent.bytes)])
    guard let row else { return (0, BatchHeader.noPrevious) }
    return (try row.integer("sequence") + 1, try row.digest("hash"))
  }
}

extension LedgerRefusal {
  static func unknown(agent: ContributorKey) -> LedgerRefusal {
    LedgerRefusal(
      .unknownAgent, field: "batch.agent", found: agent.hex,
      expected: "a registered agent; register with POST /v1/agents")
  }

  static func gap(_ field: String, found: String, expected: String) -> LedgerRefusal {
    LedgerRefusal(.sequenceGap, field: field, found: found, expected: expected)
  }

  static func equivocation(
    _ header: BatchHeader, logged: Corpus.Digest, found: Corpus.Digest
  ) -> LedgerRefusal {
    LedgerRefusal(
      .equivocation, field: "batch.sequence \(header.sequence)", found: "batch \(found)",
      expected: "batch \(logged), which is logged under this number; both are kept as evidence")
  }
}
