import Corpus
import Foundation
import GRDB
import LedgerWire
import Synchronization
import TransparencyLog

/// The ledger's state in SQLite: registrations, entries, the tree, credits.
///
/// A commit is synced to the disk before it is acknowledged. Reads see whole commits.
package final class LedgerStore: Sendable {
  let pool: DatabasePool
  let signer: NoteSigner
  private let lock: Mutex<FileLock?>

  package var verifier: NoteVerifier { signer.verifier }

  /// Opens or creates the store in a folder; a second process is refused.
  package init(folder: String, signer: NoteSigner) throws {
    try DurableFile.createFolder(folder)
    guard let lock = try FileLock.tryAcquire(folder + "/ledger.lock") else {
      throw LedgerError(
        file: folder, field: "lock", found: "another ledger on this folder",
        expected: "to be the only one; stop the other or choose another --data")
    }
    self.lock = Mutex(lock)
    self.signer = signer
    pool = try LedgerSchema.open(path: folder + "/" + LedgerSchema.file)
    try pool.write { database in try publishEmptyTree(database) }
  }

  /// A log has a checkpoint from the start, so that agents can pin its key.
  private func publishEmptyTree(_ database: Database) throws {
    guard try checkpointNote(database, size: nil) == nil else { return }
    try sign(Frontier(), database)
  }

  /// Signs and stores the checkpoint of a tree; the caller's transaction makes it durable together
  /// with the tree itself.
  func sign(_ frontier: Frontier, _ database: Database) throws {
    let checkpoint = Checkpoint(
      origin: verifier.name, size: UInt64(frontier.size), root: frontier.root)
    let note = try checkpoint.sign(by: signer)
    try database.execute(
      sql: "INSERT INTO checkpoints (size, note) VALUES (?, ?)",
      arguments: [frontier.size, note.encoded])
  }

  /// The signed checkpoint of that size, or the latest.
  func checkpointNote(_ database: Database, size: Int?) throws -> String? {
    if let size {
      return try String.fetchOne(
        database, sql: "SELECT note FROM checkpoints WHERE size = ?", arguments: [size])
    }
    return try String.fetchOne(
      database, sql: "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
  }

  /// Closes the files; the store cannot be used afterwards.
  package func close() throws {
    try pool.close()
    lock.withLock { $0 = nil }
  }

  func treeSize(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT max(size) FROM checkpoints") ?? 0
  }
}
