import Corpus
import Foundation
import GRDB
import LedgerWire
import TransparencyLog

/// What is known of the log shards of a ledger that keeps several logs.
extension TraceStore {
  /// The policy in which the log at that address named its ledger's log shards; nil for a ledger of
  /// one log, as far as is known.
  func policy(ledger url: String) throws -> LedgerPolicy? {
    try read { try Self.policy(ledger: url, $0) }
  }

  /// The log shards of the ledger at that address; nil for a ledger of one log, as far as is known.
  package func logShards(ledger url: String) throws -> LogShards? {
    try policy(ledger: LedgerAddress.normalize(url))?.terms.logShards
  }

  private static func policy(ledger url: String, _ database: Database) throws -> LedgerPolicy? {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT policy, \(try TraceStoreSchema.checkedTable("log_shards").isIntact) AS intact
        FROM log_shards WHERE url = ?
        """, arguments: [url])
    guard let row else { return nil }
    try row.demandIntact("log_shards, \(url)")
    let text: String? = try row.optional("policy")
    do throws(NoteError) {
      return try text.map { text throws(NoteError) in try LedgerPolicy(text: text) }
    } catch {
      throw CorpusError(
        "traces.sqlite", field: "log_shards.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }

  /// Keeps a policy that the log at that address signed.
  ///
  /// Throws ``Distrust`` if it names other logs than the kept one: an agent's log is as fixed as a
  /// log's key. A log that moved to another address keeps its history here. What was sealed for a
  /// log that does not take the agent's key waits again, for the one that does.
  ///
  /// Returns whether it says something new.
  func keep(
    _ policy: LedgerPolicy, shards: LogShards, ledger url: String, agent: ContributorKey
  ) throws -> Bool {
    try write { database in
      if let kept = try Self.policy(ledger: url, database) {
        try shards.demandSameLogs(as: kept.terms.logShards, ledger: url)
        guard policy.version > kept.version else { return false }
        for (old, new) in zip(kept.terms.logShards?.members ?? [], shards.members)
        where old.url != new.url {
          try Self.move(old, to: new.url, database)
        }
      }
      try database.execute(
        sql: """
          INSERT INTO log_shards (url, policy) VALUES (?, ?)
          ON CONFLICT (url) DO UPDATE SET policy = excluded.policy
          """, arguments: [url, policy.text])
      for other in shards.members where other != shards.member(for: agent) {
        try Self.release(log: other.verifier, of: agent, database)
      }
      return true
    }
  }

  /// Takes key and checkpoint of a log along to its new address, unless a log is known there.
  private static func move(
    _ log: LogShards.Member, to url: String, _ database: Database
  ) throws {
    try database.execute(
      sql: """
        INSERT INTO ledgers (url, vkey, checkpoint, registered)
        SELECT ?, vkey, checkpoint, registered FROM ledgers WHERE url = ? AND vkey = ?
        ON CONFLICT (url) DO UPDATE SET vkey = excluded.vkey, checkpoint = excluded.checkpoint,
          registered = excluded.registered WHERE vkey IS NULL
        """, arguments: [url, log.url, log.verifier.vkey])
  }

  /// Lets the traces go that wait in batches for a log which does not take them.
  private static func release(
    log: NoteVerifier, of agent: ContributorKey, _ database: Database
  ) throws {
    try database.execute(
      sql: """
        UPDATE traces SET batch = NULL WHERE batch IN (
          SELECT number FROM batches
          WHERE state IN ('sealed', 'sent', 'quarantined') AND log = ? AND agent = ?)
        """, arguments: [log.vkey, Data(agent.bytes)])
  }
}

extension LogShards {
  /// Throws unless these are the logs that were known before; addresses may differ.
  package func demandSameLogs(as known: LogShards?, ledger url: String) throws {
    guard let known, let difference = LogShards.difference(found: self, expected: known) else {
      return
    }
    throw Distrust(
      "The ledger \(url) names other log shards than before: found \(difference.found), expected "
        + "\(difference.expected). If it was replaced on purpose, forget it: "
        + "tributary sync --forget-log")
  }
}

extension LedgerClient {
  /// The policy of the log of that key, if it names log shards; they have to be those known before.
  ///
  /// A ledger reached over TLS may name no log that is not.
  package func logShards(
    of log: NoteVerifier, known: LogShards?
  ) async throws -> (policy: LedgerPolicy, shards: LogShards)? {
    let policy = try await policy(of: log)
    guard let shards = policy.terms.logShards else {
      guard let known else { return nil }
      throw Distrust("The log \(log.name) is one of \(known.count) log shards and names none.")
    }
    try shards.demandSameLogs(as: known, ledger: url)
    if url.hasPrefix("https:"),
      let plain = shards.members.first(where: { $0.url.hasPrefix("http:") })
    {
      throw Distrust("The ledger \(url) names the log shard \(plain.url), which is without TLS.")
    }
    return (policy, shards)
  }
}
