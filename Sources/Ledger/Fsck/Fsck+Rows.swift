import Corpus
import Foundation
import GRDB
import LedgerWire
import Trace

/// Rows of the database against the records that they were made from.
extension Fsck {
  /// One entry: its header, its place in the agent's chain, its payload, what it earned.
  func checkRow(
    _ row: Row, header: [UInt8], receiptSize: Int, totals: CreditTotals, _ database: Database
  ) throws {
    let file = LedgerSchema.file
    let position = try row.integer("position")
    let field = "entries[\(position)]"
    check(file, "\(field).receipt_size", try row.integer("receipt_size"), receiptSize)
    check(file, "\(field).hash", try row.digest("hash"), Digest(sha256: header))
    let batch: AdmittedBatch
    do throws(LedgerRefusal) {
      batch = try admission.admitHeader(of: BatchSubmission(signedHeader: header, payload: nil))
    } catch {
      return differ(
        file, "\(field).header.\(error.field)", found: error.found, expected: error.expected)
    }
    check(file, "\(field).agent", Array(try row.data("agent")), batch.header.agent.bytes)
    check(file, "\(field).sequence", try row.integer("sequence"), batch.header.sequence)
    try checkChain(batch.header, position: position, database)
    guard let payload = try row.optionalData("payload") else { return }
    summary.payloads += 1
    do {
      let content = try admission.admitContent(Array(payload), of: batch.header)
      let period = Period.containing(try row.integer("logged"))
      for trace in content.traces {
        try checkTrace(trace, position: position, period: period, totals, database)
      }
    } catch let error as LedgerRefusal {
      differ(file, "\(field).payload.\(error.field)", found: error.found, expected: error.expected)
    }
  }

  private func checkChain(_ header: BatchHeader, position: Int, _ database: Database) throws {
    let file = LedgerSchema.file
    let isRegistered = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM agents WHERE key = ?)",
      arguments: [Data(header.agent.bytes)])
    if isRegistered != true {
      differ(
        file, "entries[\(position)].agent", found: header.agent.hex,
        expected: "a registered agent")
    }
    guard header.sequence > 0 else { return }
    let previous = try Row.fetchOne(
      database, sql: "SELECT position, hash FROM entries WHERE agent = ? AND sequence = ?",
      arguments: [Data(header.agent.bytes), header.sequence - 1])
    guard let previous, try previous.integer("position") < position else {
      return differ(
        file, "entries[\(position)].sequence", found: "\(header.sequence)",
        expected: "one after an earlier batch of the agent")
    }
    check(
      file, "entries[\(position)].header.previous", header.previous, try previous.digest("hash"))
  }

  private func checkTrace(
    _ trace: PublicTrace, position: Int, period: String, _ totals: CreditTotals,
    _ database: Database
  ) throws {
    guard try totals.add(trace, period: period) else { return }
    let entry = try Int.fetchOne(
      database, sql: "SELECT entry FROM traces WHERE agent = ? AND id = ?",
      arguments: [Data(trace.agent.bytes), Data(trace.id.bytes)])
    guard entry != position else { return }
    differ(
      LedgerSchema.file, "traces[\(trace.id)].entry", found: entry.map(String.init) ?? "none",
      expected: "\(position)")
  }

  /// Agents and shards against what they signed.
  func checkRegistrations(_ database: Database) throws {
    let agents = try Row.fetchCursor(database, sql: "SELECT key, name, record FROM agents")
    while let row = try agents.next() {
      let field = "agents[\(Hex.encode(try row.data("key")))]"
      try checkRecord(field) {
        try AgentRegistration.verify(Array(row.data("record")), origin: verifier.name)
      } columns: { agent in
        check(LedgerSchema.file, "\(field).key", Array(try row.data("key")), agent.agent.bytes)
        check(LedgerSchema.file, "\(field).name", try row.text("name"), agent.name)
      }
    }
    let shards = try Row.fetchCursor(
      database, sql: "SELECT root, name, contributor, contributor_name, record FROM shards")
    while let row = try shards.next() {
      let field = "shards[\(Hex.encode(try row.data("root")))]"
      try checkRecord(field) {
        try ShardRegistration.verify(Array(row.data("record")), origin: verifier.name)
      } columns: { shard in
        check(LedgerSchema.file, "\(field).root", Array(try row.data("root")), shard.root.bytes)
        check(LedgerSchema.file, "\(field).name", try row.text("name"), shard.name)
        check(
          LedgerSchema.file, "\(field).contributor", Array(try row.data("contributor")),
          shard.contributor.bytes)
        check(
          LedgerSchema.file, "\(field).contributor_name", try row.text("contributor_name"),
          shard.contributorName)
      }
    }
  }

  private func checkRecord<Record>(
    _ field: String, _ verify: () throws -> Record, columns: (Record) throws -> Void
  ) throws {
    do {
      try columns(try verify())
    } catch let error as LedgerRefusal {
      differ(
        LedgerSchema.file, "\(field).record.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }

  /// Evidence has to be evidence: two different headers that one agent signed under one number.
  func checkEquivocations(_ database: Database) throws {
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT q.agent, q.sequence, q.header, e.header AS logged
        FROM equivocations q LEFT JOIN entries e ON e.agent = q.agent AND e.sequence = q.sequence
        """)
    while let row = try rows.next() {
      let key = Array(try row.data("agent"))
      let field = "equivocations[\(Hex.encode(key)), \(try row.integer("sequence"))]"
      let signed = Array(try row.data("header"))
      let header: BatchHeader
      do throws(TraceError) {
        header = try BatchHeader.verify(signed, agent: ContributorKey(bytes: key))
      } catch {
        differ(
          LedgerSchema.file, "\(field).header.\(error.field)", found: error.found,
          expected: error.expected)
        continue
      }
      check(LedgerSchema.file, "\(field).sequence", try row.integer("sequence"), header.sequence)
      let logged = try row.optionalData("logged").map(Array.init)
      if logged == nil || logged == signed {
        differ(
          LedgerSchema.file, "\(field).logged", found: logged == nil ? "none" : "the same header",
          expected: "another header under the number")
      }
    }
  }
}
