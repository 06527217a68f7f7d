import Corpus
import Foundation
import LedgerWire
import Synchronization
import TransparencyLog

/// The ledger's state: registrations, entries, the tree, credits.
///
/// A commit is synced to the disk before it is acknowledged. Reads see whole commits.
package final class LedgerStore: Sendable {
  let database: any SQLDatabase
  let signer: NoteSigner
  package let publicFolder: PublicFolder
  /// Who cosigns the checkpoints; nil for a log without witnesses.
  package let witnesses: Witnesses?
  /// What this process asks of agents.
  let terms: PolicyTerms
  /// Which log shard this is; nil in a ledger of one log.
  let logShard: LogShardRole?
  private let lock: Mutex<FileLock?>

  package var verifier: NoteVerifier { signer.verifier }

  /// The checkpoint whose file this process knows to be durable, as all that it refers to.
  let published = Mutex<PublishedCheckpoint?>(nil)

  /// Opens or creates the store in a folder; a second process is refused.
  ///
  /// Static files go to `publicFolder`, by default `public` in the same folder. Without a database
  /// the state is in a file of SQLite in the folder. Terms with log shards have to name this log.
  package init(
    folder: String, publicFolder: String? = nil, database: (any SQLDatabase)? = nil,
    signer: NoteSigner, witnesses: Witnesses? = nil, terms: PolicyTerms = .open
  ) throws {
    try DurableFile.createFolder(folder)
    guard let lock = try FileLock.tryAcquire(folder + "/ledger.lock") else {
      throw LedgerError(
        file: folder, field: "lock", found: "another ledger on this folder",
        expected: "to be the only one; stop the other or choose another --data")
    }
    self.lock = Mutex(lock)
    self.signer = signer
    self.witnesses = witnesses
    self.terms = terms
    logShard = try LogShardRole(terms.logShards, of: signer.verifier)
    self.publicFolder = PublicFolder(path: publicFolder ?? folder + "/public")
    self.database = try database ?? SQLiteDatabase(path: folder + "/" + LedgerSchema.file)
  }

  /// Refuses a database that holds another log, or this one under another key.
  func identify() async throws {
    let (name, vkey) = (verifier.name, verifier.vkey)
    let isKnown = try await database.read { try self.isIdentified($0) }
    if isKnown { return }
    try await database.write { connection in
      guard try !self.isIdentified(connection) else { return }
      try self.checkSigner(connection)
      try connection.execute(
        "INSERT INTO log (origin, vkey) VALUES ($1, $2)", [.text(name), .text(vkey)])
    }
  }

  private func isIdentified(_ connection: any SQLConnection) throws -> Bool {
    guard let row = try connection.row("SELECT origin, vkey FROM log LIMIT 1") else { return false }
    for (field, expected) in [("origin", verifier.name), ("vkey", verifier.vkey)] {
      let found = try row.text(field)
      guard found == expected else {
        throw LedgerError(
          file: connection.source, field: "log.\(field)", found: found,
          expected: "\(expected); every front end of a log has the same log.key")
      }
    }
    return true
  }

  /// A log that is older than the table was signed by somebody as well.
  private func checkSigner(_ connection: any SQLConnection) throws {
    guard let note = try checkpointNote(connection, size: nil) else { return }
    if let signed = try? SignedNote(encoded: Array(note.utf8)),
      case .valid = Checkpoint.verify(signed, by: verifier)
    {
      return
    }
    throw LedgerError(
      file: connection.source, field: "checkpoints", found: "one that another key signed",
      expected: "one by \(verifier.vkey)")
  }

  /// The signed checkpoint of that size, or the latest.
  func checkpointNote(_ connection: any SQLConnection, size: Int?) throws -> String? {
    let row =
      if let size {
        try connection.row("SELECT note FROM checkpoints WHERE size = $1", [.integer(size)])
      } else {
        try connection.row("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
      }
    return try row?.text("note")
  }

  /// Closes the files; the store cannot be used afterwards.
  package func close() throws {
    try database.close()
    lock.withLock { $0 = nil }
  }

  /// The number of leaves under the latest checkpoint.
  func treeSize(_ connection: any SQLConnection) throws -> Int {
    try connection.integer("SELECT max(size) FROM checkpoints") ?? 0
  }

  /// The number of committed leaves; those without a checkpoint have no receipt yet.
  func integratedSize(_ connection: any SQLConnection) throws -> Int {
    try connection.integer("SELECT max(position) + 1 FROM entries") ?? 0
  }
}
