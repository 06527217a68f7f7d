import Corpus
import LedgerWire

/// Claims to shards among the leaves.
extension Fsck {
  /// One claim: its header, its number among its contributor's, the registration that it names, and
  /// its place in the order in which documents were registered.
  func checkClaim(
    _ row: SQLRow, header: [UInt8], field: String, _ connection: any SQLConnection
  ) throws {
    let file = databaseName
    claims.logged += 1
    let claim: ClaimHeader
    do throws(LedgerRefusal) {
      claim = try ClaimHeader.verify(header, origin: verifier.name)
    } catch {
      return differ(
        file, "\(field).header.\(error.field)", found: error.found, expected: error.expected)
    }
    let position = try row.integer("position")
    check(file, "\(field).agent", try row.bytes("agent"), claim.contributor.bytes)
    check(file, "\(field).agent_bytes", try row.integer("agent_bytes"), 0)
    if try row.value("payload") != .null {
      differ(file, "\(field).payload", found: "one", expected: "none beside a claim")
    }
    let sequence = try row.integer("sequence")
    let previous = try LedgerStore.entry(claim.contributor, sequence + 1, connection)
    if sequence >= 0 || (sequence < -1 && (previous.map { $0.position >= position } ?? true)) {
      differ(
        file, "\(field).sequence", found: "\(sequence)",
        expected: "one below that of the contributor's claim before, from -1")
    }
    let shard = try connection.row(
      "SELECT root, claimed_root, record, registered FROM shards WHERE entry = $1",
      [.integer(position)])
    guard let shard else {
      return differ(
        file, "\(field).header.root", found: "no shard with this leaf",
        expected: "the registration of \(claim.root)")
    }
    check(file, "\(field).header.root", claim.root, try shard.root())
    check(
      file, "\(field).header.registration", claim.registration,
      Digest(sha256: try shard.bytes("record")))
    try checkOrder(
      shard, logged: try row.integer("logged"), field: field, connection)
  }

  /// The documents of a claim come behind those of the claims before it, unless it was registered
  /// before claims were logged.
  private func checkOrder(
    _ shard: SQLRow, logged: Int, field: String, _ connection: any SQLConnection
  ) throws {
    let registered = try shard.integer("registered")
    guard registered == logged else {
      if registered > logged {
        differ(
          databaseName, "\(field).logged", found: "\(logged)",
          expected: "at least \(registered), when its shard was registered")
      }
      return
    }
    let first = try connection.integer(
      "SELECT min(position) FROM shard_documents WHERE root = $1",
      [.blob(try shard.bytes("root"))])
    guard let first else { return }
    if first <= claims.lastDocument {
      differ(
        databaseName, "\(field).documents", found: "from \(first)",
        expected: "behind \(claims.lastDocument), a document of an earlier claim")
    }
    claims.lastDocument = max(claims.lastDocument, first)
  }
}
