import Corpus
import Foundation
import GRDB
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

  /// Looks a batch up before its content is read; an unregistered agent is refused.
  func standing(of batch: AdmittedBatch) async throws -> Standing {
    try await pool.read { database in
      guard try self.isRegistered(batch.header.agent, database) else {
        throw LedgerRefusal.unknown(agent: batch.header.agent)
      }
      let entry = try self.entry(batch.header.agent, batch.header.sequence, database)
      guard let entry else { return .new }
      guard entry.hash == batch.hash else { return .conflicting }
      let hasReceipt = try self.hasReceipt(entry.position, database)
      return hasReceipt ? .logged(entry.position) : .unpublished
    }
  }

  /// The receipt of a leaf: always the same bytes, however often it is asked for.
  func receipt(position: Int) async throws -> ReceiptMessage {
    try await pool.read { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT header, receipt_size FROM entries WHERE position = ?",
        arguments: [position])
      if let witnesses = self.witnesses, try !self.hasReceipt(position, database) {
        throw LedgerRefusal.waiting(for: witnesses.quorum)
      }
      guard let row, let size = try? row.integer("receipt_size"), size > position,
        let note = try self.checkpointNote(database, size: size)
      else {
        throw LedgerError(
          file: LedgerSchema.file, field: "entries[\(position)]", found: "no such entry",
          expected: "an entry with its checkpoint")
      }
      let proof = try InclusionProof.prove(
        leafIndex: position, treeSize: size, reader: DatabaseHashes(database: database))
      return try ReceiptMessage(leaf: .leaf(row.data("header")), proof: proof, note: note)
    }
  }

  /// The latest signed checkpoint.
  func checkpoint() async throws -> String {
    try await pool.read { database in
      guard let note = try self.checkpointNote(database, size: nil) else {
        throw LedgerError(
          file: LedgerSchema.file, field: "checkpoints", found: "nothing", expected: "a checkpoint")
      }
      return note
    }
  }

  /// The audit path of a leaf in the tree of that size.
  func inclusion(index: Int, size: Int) async throws -> [TreeHash] {
    try await pool.read { database in
      try self.check("size", size, from: 1, to: self.treeSize(database))
      try self.check("index", index, from: 0, to: size - 1)
      return try InclusionProof.prove(
        leafIndex: index, treeSize: size, reader: DatabaseHashes(database: database)
      ).path
    }
  }

  /// The proof that the tree of the new size begins with the tree of the old.
  func consistency(from old: Int, to new: Int) async throws -> [TreeHash] {
    try await pool.read { database in
      try self.check("to", new, from: 1, to: self.treeSize(database))
      try self.check("from", old, from: 1, to: new)
      return try ConsistencyProof.prove(
        oldSize: old, newSize: new, reader: DatabaseHashes(database: database)
      ).path
    }
  }

  /// The bytes of a leaf, or of the payload beside it.
  func entry(at index: Int, payload: Bool) async throws -> [UInt8] {
    let data = try await pool.read { database in
      let column = payload ? "payload" : "header"
      return try Data.fetchOne(
        database, sql: "SELECT \(column) FROM entries WHERE position = ?", arguments: [index])
    }
    guard let data else {
      throw LedgerRefusal(
        .notFound, field: "index", found: "\(index)",
        expected: payload ? "a logged batch that is not void" : "a logged batch")
    }
    return Array(data)
  }

  /// Every agent that signed two batches with one number.
  func equivocations() async throws -> [EquivocationMessage] {
    try await pool.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT q.agent, q.sequence, q.header, q.seen, e.header AS logged
          FROM equivocations q JOIN entries e ON e.agent = q.agent AND e.sequence = q.sequence
          ORDER BY q.seen, q.agent, q.sequence LIMIT 1000
          """)
      return try rows.map { row in
        EquivocationMessage(
          agent: Hex.encode(try row.data("agent")), sequence: try row.integer("sequence"),
          logged: try row.data("logged").base64EncodedString(),
          conflicting: try row.data("header").base64EncodedString(),
          seen: try row.integer("seen"))
      }
    }
  }

  /// Credits of a contributor by period.
  func statement(of contributor: ContributorKey, period: String?) async throws -> StatementMessage {
    try await pool.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT period, answers, share_ppm FROM credits
          WHERE contributor = ? AND (? IS NULL OR period = ?) ORDER BY period
          """,
        arguments: [Data(contributor.bytes), period, period])
      let shards = try self.shards(of: contributor, database)
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

extension ReceiptMessage {
  init(leaf: TreeHash, proof: InclusionProof, note: String) throws {
    let signed = try SignedNote(encoded: Array(note.utf8))
    let checkpoint = try Checkpoint(text: signed.text)
    self.init(
      index: Int(proof.leafIndex), leafHash: leaf.base64, treeSize: Int(checkpoint.size),
      rootHash: checkpoint.root.base64, inclusionProof: proof.path.map(\.base64),
      checkpoint: note,
      proof: LogProof(leafIndex: proof.leafIndex, path: proof.path, note: signed).encoded)
  }
}

extension TreeHash {
  var base64: String { Data(bytes).base64EncodedString() }
}
