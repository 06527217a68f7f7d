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
  private let lock: Mutex<FileLock?>

  package var verifier: NoteVerifier { signer.verifier }

  /// The size of the checkpoint whose file this process knows to be durable.
  let publicSize = Mutex<Int?>(nil)

  /// Opens or creates the store in a folder; a second process is refused.
  ///
  /// Static files go to `publicFolder`, by default `public` in the same folder.
  package init(
    folder: String, publicFolder: String? = nil, signer: NoteSigner, witnesses: Witnesses? = nil,
    terms: PolicyTerms = .open
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
    self.publicFolder = PublicFolder(path: publicFolder ?? folder + "/public")
    database = try SQLiteDatabase(path: folder + "/" + LedgerSchema.file)
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
