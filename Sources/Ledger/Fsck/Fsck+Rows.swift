import Corpus
import Foundation
import LedgerWire
import Trace

/// Rows of the database against the records that they were made from.
extension Fsck {
  /// One entry: its header, its place in the agent's chain, its payload, what it earned.
  func checkRow(
    _ row: SQLRow, header: [UInt8], totals: CreditTotals, _ connection: any SQLConnection
  ) throws {
    let file = databaseName
    let position = try row.integer("position")
    let field = "entries[\(position)]"
    check(file, "\(field).hash", try row.digest("hash"), Digest(sha256: header))
    if ClaimHeader.isClaim(header) {
      return try checkClaim(row, header: header, field: field, connection)
    }
    let batch: AdmittedBatch
    do throws(LedgerRefusal) {
      batch = try admission.admitHeader(of: BatchSubmission(signedHeader: header, payload: nil))
    } catch {
      return differ(
        file, "\(field).header.\(error.field)", found: error.found, expected: error.expected)
    }
    check(file, "\(field).agent", try row.bytes("agent"), batch.header.agent.bytes)
    check(file, "\(field).sequence", try row.integer("sequence"), batch.header.sequence)
    try checkChain(batch.header, position: position, connection)
    let payload = try row.optionalBytes("payload")
    try checkBytes(
      row, agent: batch.header.agent, sequence: batch.header.sequence,
      count: header.count + (payload?.count ?? 0), field: field, connection)
    guard let payload else { return }
    summary.payloads += 1
    do {
      let content = try admission.admitContent(payload, of: batch.header)
      let period = Period.containing(try row.integer("logged"))
      let credits = try totals.add(
        content.credits, of: batch.header.agent, entry: position, period: period)
      for credit in credits {
        try checkCredit(credit, id: content.credits.traces[credit.trace].id, connection)
      }
    } catch let error as LedgerRefusal {
      differ(file, "\(field).payload.\(error.field)", found: error.found, expected: error.expected)
    }
  }

  private func checkChain(_ header: BatchHeader, position: Int, _ connection: any SQLConnection)
    throws
  {
    let file = databaseName
    if try !LedgerStore.isRegistered(header.agent, connection) {
      differ(
        file, "entries[\(position)].agent", found: header.agent.hex,
        expected: "a registered agent")
    }
    guard header.sequence > 0 else { return }
    let previous = try LedgerStore.entry(header.agent, header.sequence - 1, connection)
    guard let previous, previous.position < position else {
      return differ(
        file, "entries[\(position)].sequence", found: "\(header.sequence)",
        expected: "one after an earlier batch of the agent")
    }
    check(
      file, "entries[\(position)].header.previous", header.previous, previous.hash)
  }

  private func checkCredit(
    _ credit: CreditSums.Credit, id: TraceID, _ connection: any SQLConnection
  ) throws {
    let entry = try LedgerStore.entry(crediting: credit.key, connection)
    guard entry != credit.entry else { return }
    differ(
      databaseName, "credited[\(id)].entry", found: entry.map(String.init) ?? "none",
      expected: "\(credit.entry)")
  }

  /// Agents and shards against what they signed.
  func checkRegistrations(_ connection: any SQLConnection) throws {
    var agents = PagedRows(
      connection, "SELECT key, name, registered, record FROM agents", by: ["key"])
    while let row = try agents.next() {
      let field = "agents[\(Hex.encode(try row.bytes("key")))]"
      try checkRecord(field) {
        try AgentRegistration.verify(row.bytes("record"), origin: verifier.name)
      } columns: { agent in
        check(databaseName, "\(field).key", try row.bytes("key"), agent.agent.bytes)
        check(databaseName, "\(field).name", try row.text("name"), agent.name)
        try checkProof(
          of: agent, registered: try row.integer("registered"), field: field, connection)
      }
    }
    var shards = PagedRows(
      connection, "SELECT * FROM shards",
      by: ["root"])
    while let row = try shards.next() {
      let field = "shards[\(Hex.encode(try row.bytes("root")))]"
      try checkRecord(field) {
        try ShardRegistration.verify(row.bytes("record"), origin: verifier.name)
      } columns: { shard in
        try checkKey(row, of: shard, field: field)
        try checkHolder(row, field: field, connection)
        check(databaseName, "\(field).name", try row.text("name"), shard.name)
        check(
          databaseName, "\(field).contributor", try row.bytes("contributor"),
          shard.contributor.bytes)
        check(
          databaseName, "\(field).contributor_name", try row.text("contributor_name"),
          shard.contributorName)
        try checkDocuments(of: shard, key: row.digest("root"), field: field, connection)
        if try row.value("entry") != .null { claims.registered += 1 }
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
        databaseName, "\(field).record.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }

  /// Evidence has to be evidence: two different headers that one agent signed under one number.
  func checkEquivocations(_ connection: any SQLConnection) throws {
    var rows = PagedRows(
      connection, "SELECT agent, sequence, header FROM equivocations", by: ["agent", "sequence"])
    while let row = try rows.next() {
      let key = try row.bytes("agent")
      let sequence = try row.integer("sequence")
      let field = "equivocations[\(Hex.encode(key)), \(sequence)]"
      let signed = try row.bytes("header")
      let header: BatchHeader
      do throws(TraceError) {
        header = try BatchHeader.verify(signed, agent: ContributorKey(bytes: key))
      } catch {
        differ(
          databaseName, "\(field).header.\(error.field)", found: error.found,
          expected: error.expected)
        continue
      }
      check(databaseName, "\(field).sequence", sequence, header.sequence)
      let logged = try connection.row(
        "SELECT header FROM entries WHERE agent = $1 AND sequence = $2",
        [.blob(key), .integer(sequence)]
      )?.bytes("header")
      if logged == nil || logged == signed {
        differ(
          databaseName, "\(field).logged", found: logged == nil ? "none" : "the same header",
          expected: "another header under the number")
      }
    }
  }
}
