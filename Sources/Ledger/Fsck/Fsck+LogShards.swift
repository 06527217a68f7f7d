import Corpus
import LedgerWire
import TransparencyLog

/// Whether everything is in the log shard that it belongs to.
extension Fsck {
  /// Keys of agents and of entries, which are compared with what was signed elsewhere, against the
  /// log shards of the latest policy; a policy that cannot be read is reported with the others.
  func checkLogShard(_ connection: any SQLConnection) throws {
    guard let role = try latestLogShard(connection) else { return }
    // The first one also knows those who make claims alone.
    if !role.hasRegistry {
      var agents = PagedRows(connection, "SELECT key FROM agents", by: ["key"])
      while let row = try agents.next() {
        let key = try row.bytes("key")
        checkKey(key, role, "agents[\(Hex.encode(key))].key")
      }
    }
    var entries = PagedRows(
      connection, "SELECT position, agent, sequence FROM entries", by: ["position"])
    while let row = try entries.next() {
      let field = "entries[\(try row.integer("position"))].agent"
      if try row.integer("sequence") >= 0 {
        checkKey(try row.bytes("agent"), role, field)
      } else if !role.hasRegistry {
        differ(
          databaseName, field, found: "a contributor's, with a claim",
          expected: "no claims but in log shard 0")
      }
    }
  }

  private func checkKey(_ bytes: [UInt8], _ role: LogShardRole, _ field: String) {
    guard let key = ContributorKey(bytes: bytes) else { return }
    do throws(LedgerRefusal) { try role.check(agent: key, field) } catch {
      differ(databaseName, error.field, found: error.found, expected: error.expected)
    }
  }

  private func latestLogShard(_ connection: any SQLConnection) throws -> LogShardRole? {
    let row = try connection.row("SELECT note FROM policies ORDER BY version DESC LIMIT 1")
    guard let text = try row?.text("note"),
      let note = try? SignedNote(encoded: Array(text.utf8)),
      let policy = try? LedgerPolicy.verify(note, by: verifier)
    else { return nil }
    return try? LogShardRole(policy.terms.logShards, of: verifier)
  }
}
