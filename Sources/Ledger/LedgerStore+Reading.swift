import Corpus
import Foundation
import LedgerWire
import Trace
import TransparencyLog

extension LedgerStore {
  /// What the log has under a batch's sequence number.
  enum Standing {
    case new
    case logged(Int)
    /// Committed, but without a receipt: not under a checkpoint, or under one that too few
    /// witnesses cosigned.
    case unpublished
    case conflicting
  }

  /// Looks a batch up before its content is read; refuses an unregistered agent, and a new batch
  /// that its agent's quotas have no room for.
  func standing(of batch: AdmittedBatch, bytes: Int, now: Int) async throws -> Standing {
    try await database.read { connection in
      guard try Self.isRegistered(batch.header.agent, connection) else {
        throw LedgerRefusal.unknown(agent: batch.header.agent)
      }
      let entry = try Self.entry(batch.header.agent, batch.header.sequence, connection)
      guard let entry else {
        // Integration decides; but what is refused there need not be verified before.
        var quota = QuotaCheck(self.terms.quotas, connection, now: now)
        _ = try quota.take(
          batch.header.agent, sequence: batch.header.sequence, bytes: bytes
        ).get()
        return .new
      }
      guard entry.hash == batch.hash else { return .conflicting }
      let hasReceipt = try Self.hasReceipt(entry.position, connection)
      return hasReceipt ? .logged(entry.position) : .unpublished
    }
  }

  /// The receipt of a leaf: always the same bytes, however often it is asked for.
  func receipt(position: Int) async throws -> ReceiptMessage {
    try await receipts(positions: [position])[0].get()
  }

  /// The receipts of leaves, in that order; each may have a reason of its own why there is none.
  func receipts(
    positions: [Int]
  ) async throws -> [Result<ReceiptMessage, any Error>] {
    try await database.read { connection in
      let receipts = try Receipts(connection, positions: positions)
      return positions.map { position in
        Result { try receipts.receipt(of: position, quorum: self.witnesses?.quorum) }
      }
    }
  }

  /// The latest signed checkpoint.
  func checkpoint() async throws -> String {
    try await database.read { connection in
      guard let note = try self.checkpointNote(connection, size: nil) else {
        throw LedgerError(
          file: connection.source, field: "checkpoints", found: "nothing", expected: "a checkpoint")
      }
      return note
    }
  }

  /// The audit path of a leaf in the tree of that size.
  func inclusion(index: Int, size: Int) async throws -> [TreeHash] {
    try await database.read { connection in
      try self.check("size", size, from: 1, to: self.treeSize(connection))
      try self.check("index", index, from: 0, to: size - 1)
      return try InclusionProof.prove(
        leafIndex: index, treeSize: size, reader: DatabaseHashes(connection: connection)
      ).path
    }
  }

  /// The proof that the tree of the new size begins with the tree of the old.
  func consistency(from old: Int, to new: Int) async throws -> [TreeHash] {
    try await database.read { connection in
      try self.check("to", new, from: 1, to: self.treeSize(connection))
      try self.check("from", old, from: 1, to: new)
      return try ConsistencyProof.prove(
        oldSize: old, newSize: new, reader: DatabaseHashes(connection: connection)
      ).path
    }
  }

  /// The bytes of a leaf, or of the payload or registration beside it.
  func entry(at index: Int, payload: Bool) async throws -> [UInt8] {
    let bytes: [UInt8]? = try await database.read { connection in
      let column = payload ? "payload" : "header"
      let row = try connection.row(
        "SELECT \(column) FROM entries WHERE position = $1", [.integer(index)])
      if let bytes = try row?.optionalBytes(column) { return bytes }
      guard payload, row != nil else { return nil }
      // What lies beside a claim is its registration.
      return try connection.row(
        "SELECT record FROM shards WHERE entry = $1", [.integer(index)]
      )?.bytes("record")
    }
    guard let bytes else {
      throw LedgerRefusal(
        .notFound, field: "index", found: "\(index)",
        expected: payload ? "a logged claim, or batch that is not void" : "a leaf of the log")
    }
    return bytes
  }

  /// Every agent that signed two batches with one number.
  func equivocations() async throws -> [EquivocationMessage] {
    try await database.read { connection in
      let rows = try connection.rows(
        """
        SELECT q.agent, q.sequence, q.header, q.seen, e.header AS logged
        FROM equivocations q JOIN entries e ON e.agent = q.agent AND e.sequence = q.sequence
        ORDER BY q.seen, q.agent, q.sequence LIMIT 1000
        """)
      return try rows.map { row in
        EquivocationMessage(
          agent: Hex.encode(try row.bytes("agent")), sequence: try row.integer("sequence"),
          logged: Data(try row.bytes("logged")).base64EncodedString(),
          conflicting: Data(try row.bytes("header")).base64EncodedString(),
          seen: try row.integer("seen"))
      }
    }
  }

  /// Credits of a contributor by period.
  func statement(of contributor: ContributorKey, period: String?) async throws -> StatementMessage {
    try await database.read { connection in
      let select = "SELECT period, answers, share_ppm FROM credits WHERE contributor = $1"
      let rows =
        if let period {
          try connection.rows(
            "\(select) AND period = $2", [.blob(contributor.bytes), .text(period)])
        } else {
          try connection.rows("\(select) ORDER BY period", [.blob(contributor.bytes)])
        }
      let shards = try self.shards(of: contributor, connection)
      return try StatementMessage(
        log: self.verifier.name, contributor: contributor.hex,
        name: shards.first?.contributorName, shards: shards,
        credits: rows.map {
          .init(
            period: try $0.text("period"), answers: try $0.integer("answers"),
            sharePPM: try $0.integer("share_ppm"))
        })
    }
  }

  private func check(_ field: String, _ value: Int, from lower: Int, to upper: Int) throws {
    guard value >= lower, value <= upper else {
      throw LedgerRefusal(
        .malformed, field: field, found: "\(value)", expected: "\(lower) to \(upper)")
    }
  }
}

extension TreeHash {
  var base64: String { Data(bytes).base64EncodedString() }
}
