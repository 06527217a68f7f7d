import Corpus
import LedgerWire
import TransparencyLog

/// Which of its ledger's log shards a log is, and what it leaves to the others.
struct LogShardRole: Sendable {
  let shards: LogShards
  /// The number of this log.
  let index: Int

  /// The role of the log of that key; nil in a ledger of one log.
  init?(_ shards: LogShards?, of verifier: NoteVerifier) throws(NoteError) {
    guard let shards else { return nil }
    guard let index = shards.index(of: verifier) else {
      throw NoteError(
        field: "log shards", found: "\(shards.count) keys of other logs",
        expected: "\(verifier.vkey), this log's own, among them")
    }
    self.shards = shards
    self.index = index
  }

  var hasRegistry: Bool { index == 0 }

  /// Refuses the key of an agent that another log shard takes.
  func check(agent key: ContributorKey, _ field: String) throws(LedgerRefusal) {
    let other = shards.index(of: key)
    guard other != index else { return }
    throw LedgerRefusal(
      .misdirected, field: field, found: "\(key.hex), a key of log shard \(other)",
      expected: "one of log shard \(index) of \(shards.count); send it to "
        + shards.members[other].url)
  }

  /// Refuses what concerns the registry of documents, which log shard 0 alone has.
  func checkRegistry(_ field: String) throws(LedgerRefusal) {
    guard !hasRegistry else { return }
    throw LedgerRefusal(
      .misdirected, field: field, found: "log shard \(index) of \(shards.count)",
      expected: "log shard 0, which has the registry; ask \(shards.registry.url)")
  }
}

extension LedgerStore {
  /// Refuses terms that divide agents' keys otherwise than the log's last policy did.
  ///
  /// A key that moved to another log would begin with sequence 0 again there, and what it logged here
  /// could be credited a second time. Addresses may change, and everything while nothing is
  /// registered and no other front end can be serving.
  func checkLogShards(
    _ terms: PolicyTerms, after last: LedgerPolicy?, _ connection: any SQLConnection
  ) throws {
    let difference = LogShards.difference(
      found: terms.logShards, expected: last?.terms.logShards)
    guard let difference else { return }
    let isFixed = database.isShared && last != nil
    guard try isFixed || isUsed(connection) else { return }
    throw LedgerError(
      file: connection.source, field: "log shards", found: difference.found,
      expected:
        "\(difference.expected), as in the policy that was signed before; a key must not move"
        + " to another log, where its sequence would begin anew")
  }

  private func isUsed(_ connection: any SQLConnection) throws -> Bool {
    for table in ["agents", "entries", "shards"] {
      if try connection.row("SELECT 1 AS used FROM \(table) LIMIT 1") != nil { return true }
    }
    return false
  }
}
