import Corpus
import Foundation
import GRDB
import TransparencyLog

/// What the agent remembers of a ledger.
package struct LedgerRecord: Equatable, Sendable {
  package let url: String
  /// The log's public key, pinned at the first contact.
  package let vkey: String?
  /// The largest checkpoint that was verified: a signed note.
  package let checkpoint: String?
  /// The agent that is registered there.
  package let registered: ContributorKey?
  /// Failures in a row.
  package let failures: Int
  /// Not before this time, in seconds since 1970-01-01 UTC.
  package let nextAttempt: Int?
  /// Whether the ledger itself asked to wait until then.
  package let isAskedToWait: Bool
  package let lastProblem: String?
  package let lastSuccess: Int?
}

extension LedgerRecord {
  func verifier() throws -> NoteVerifier? {
    try vkey.map { text throws(NoteError) in try NoteVerifier(vkey: text) }
  }
}

/// A checkpoint whose signature was verified, as it was signed.
struct SeenCheckpoint: Equatable, Sendable {
  let checkpoint: Checkpoint
  let note: String
}

extension TraceStore {
  /// What is remembered of the ledger at that address.
  package func ledger(_ url: String) throws -> LedgerRecord? {
    let url = try LedgerAddress.normalize(url)
    return try read { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT *, \(try TraceStoreSchema.checkedTable("ledgers").isIntact) AS intact FROM ledgers
          WHERE url = ?
          """, arguments: [url])
      return try row.map { row in
        try row.demandIntact("ledgers, \(url)")
        let registered: Data? = try row.optional("registered")
        let askedToWait: Int? = try row.optional("asked_to_wait")
        return LedgerRecord(
          url: url, vkey: try row.optional("vkey"), checkpoint: try row.optional("checkpoint"),
          registered: registered.flatMap { ContributorKey(bytes: Array($0)) },
          failures: try row.integer("failures"), nextAttempt: try row.optional("next_attempt"),
          isAskedToWait: askedToWait == 1, lastProblem: try row.optional("last_problem"),
          lastSuccess: try row.optional("last_success"))
      }
    }
  }

  /// Pins the log's key; the first one stays.
  func pin(_ verifier: NoteVerifier, ledger url: String) throws {
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO ledgers (url, vkey) VALUES (?, ?)
          ON CONFLICT (url) DO UPDATE SET vkey = coalesce(vkey, excluded.vkey)
          """, arguments: [url, verifier.vkey])
    }
  }

  /// Forgets a ledger's key and checkpoint, so that the next contact pins what it finds.
  ///
  /// Traces that the forgotten log had not acknowledged wait again, for whatever log comes next.
  /// Their sealed batches stay: should the same log come back, it gets the same bytes. Log shards of
  /// the ledger are forgotten with it.
  package func forgetLedger(_ url: String) throws {
    let url = try LedgerAddress.normalize(url)
    let shards = try logShards(ledger: url)?.members ?? []
    try write { database in
      for url in [url] + shards.map(\.url) { try Self.forget(url, database) }
      try database.execute(
        sql: "UPDATE log_shards SET policy = NULL WHERE url = ?", arguments: [url])
    }
  }

  private static func forget(_ url: String, _ database: Database) throws {
    try database.execute(
      sql: """
        UPDATE traces SET batch = NULL WHERE batch IN (
          SELECT number FROM batches WHERE state IN ('sealed', 'sent', 'quarantined')
            AND log = (SELECT vkey FROM ledgers WHERE url = ?))
        """, arguments: [url])
    // The row stays: remains of a deleted one might be taken for a lost one.
    try database.execute(
      sql: """
        UPDATE ledgers SET vkey = NULL, checkpoint = NULL, registered = NULL, failures = 0,
          next_attempt = NULL, asked_to_wait = NULL, last_problem = NULL, last_success = NULL
        WHERE url = ?
        """, arguments: [url])
  }

  func markRegistered(_ agent: ContributorKey?, ledger url: String) throws {
    try write { database in
      try database.execute(
        sql: "UPDATE ledgers SET registered = ? WHERE url = ?",
        arguments: [agent.map { Data($0.bytes) }, url])
    }
  }

  func recordSuccess(ledger url: String, now: Int) throws {
    try write { database in
      try database.execute(
        sql: """
          UPDATE ledgers SET failures = 0, next_attempt = NULL, asked_to_wait = NULL,
            last_problem = NULL, last_success = ? WHERE url = ?
          """, arguments: [now, url])
    }
  }

  /// Remembers when to try again, so that a restart does not hurry.
  func recordFailure(
    ledger url: String, problem: String, nextAttempt: Int, isAskedToWait: Bool
  ) throws {
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO ledgers (url, failures, next_attempt, asked_to_wait, last_problem)
          VALUES (?, 1, ?, ?, ?)
          ON CONFLICT (url) DO UPDATE SET failures = failures + 1,
            next_attempt = excluded.next_attempt, asked_to_wait = excluded.asked_to_wait,
            last_problem = excluded.last_problem
          """, arguments: [url, nextAttempt, isAskedToWait ? 1 : 0, problem])
    }
  }

  /// Remembers a checkpoint if it is larger than the one before.
  func keep(_ seen: SeenCheckpoint, ledger url: String) throws {
    try write { database in try Self.keep(seen, ledger: url, database) }
  }

  static func keep(_ seen: SeenCheckpoint, ledger url: String, _ database: Database) throws {
    let row = try Row.fetchOne(
      database, sql: "SELECT checkpoint FROM ledgers WHERE url = ?", arguments: [url])
    if let note: String = try row?.optional("checkpoint"),
      let last = try? Checkpoint(text: SignedNote(encoded: Array(note.utf8)).text),
      last.size >= seen.checkpoint.size
    {
      return
    }
    try database.execute(
      sql: "UPDATE ledgers SET checkpoint = ? WHERE url = ?", arguments: [seen.note, url])
  }
}
