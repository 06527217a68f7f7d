import Corpus
import Foundation
import GRDB
import Synchronization
import TransparencyLog

/// What a witness remembers of each log: the last checkpoint that it cosigned.
///
/// A commit is synced to the disk before it is acknowledged, and one transaction compares with
/// what is remembered and replaces it: two requests cannot pass each other.
package final class WitnessStore: Sendable {
  static let file = "witness.sqlite"

  private let folder: String
  private let queue: DatabaseQueue
  private let lock: Mutex<FileLock?>

  /// Opens or creates the state in a folder; a second process is refused.
  package init(folder: String) throws {
    try DurableFile.createFolder(folder)
    guard let lock = try FileLock.tryAcquire(folder + "/witness.lock") else {
      throw CorpusError(
        folder, field: "lock", found: "another witness on this folder",
        expected: "to be the only one; stop the other or choose another --data")
    }
    self.lock = Mutex(lock)
    self.folder = folder
    let path = folder + "/" + Self.file
    // A key without its memory would cosign the first history that it is shown.
    guard
      FileManager.default.fileExists(atPath: path)
        || !FileManager.default.fileExists(atPath: WitnessKey.path(in: folder))
    else {
      throw CorpusError(
        path, field: "state", found: "nothing, although witness.key is there",
        expected: "what this key cosigned; restore the file, or retire the key and start a new "
          + "witness in another folder")
    }
    queue = try DatabaseQueue(path: path)
    // With a rollback journal the file alone is the whole state. EXTRA syncs the folder after a
    // commit as well: with FULL a deleted journal may come back after a power failure, and undo
    // a commit that was acknowledged.
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA")
    }
    try queue.write { database in
      // `time` is that of the last cosignature; the clock may go back, and times must not.
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS logs (
            origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
            time INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID
          """)
    }
    try DurableFile.synchronizeFolder(folder)
  }

  /// The last checkpoint that was cosigned.
  struct Cosigned: Equatable, Sendable {
    let checkpoint: Checkpoint
    let time: UInt64
    /// With the signatures of the log and of the witness.
    let note: String
  }

  func last(_ origin: String) async throws -> Cosigned? {
    try await queue.read { try Self.last(origin, $0) }
  }

  /// Replaces the last checkpoint of a log by what `advance` makes of it, durably.
  ///
  /// An error of `advance` leaves everything as it was.
  func advance(
    _ origin: String, _ advance: @escaping @Sendable (Cosigned?) throws -> Cosigned
  ) async throws -> Cosigned {
    try await queue.write { database in
      let next = try advance(Self.last(origin, database))
      try database.execute(
        sql: """
          INSERT INTO logs (origin, size, root, time, note) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
            time = excluded.time, note = excluded.note
          """,
        arguments: [
          origin, Int64(next.checkpoint.size), Data(next.checkpoint.root.bytes),
          Int64(next.time), next.note,
        ])
      return next
    }
  }

  private static func last(_ origin: String, _ database: Database) throws -> Cosigned? {
    let row = try Row.fetchOne(
      database, sql: "SELECT size, root, time, note FROM logs WHERE origin = ?",
      arguments: [origin])
    guard let row else { return nil }
    // A damaged row must not pass for a log that was never seen.
    guard let size = Int64.fromDatabaseValue(row["size"]), size >= 0,
      let time = Int64.fromDatabaseValue(row["time"]), time >= 0,
      let root = Data.fromDatabaseValue(row["root"]).flatMap({ TreeHash(bytes: $0) }),
      let note = String.fromDatabaseValue(row["note"])
    else {
      throw CorpusError(
        file, field: "logs", found: "a damaged row for \(origin)",
        expected: "size, root, time and note")
    }
    return Cosigned(
      checkpoint: Checkpoint(origin: origin, size: UInt64(size), root: root),
      time: UInt64(time), note: note)
  }

  /// Keeps two checkpoints of one size that a log signed, in a text file of their own.
  ///
  /// Returns its path; nil if there are a thousand already.
  func keepEvidence(_ first: String, _ second: SignedNote, of checkpoint: Checkpoint) throws
    -> String?
  {
    let evidence = folder + "/evidence"
    try DurableFile.createFolder(evidence)
    let path = "\(evidence)/fork-at-\(checkpoint.size)-\(checkpoint.root.description).txt"
    guard !FileManager.default.fileExists(atPath: path) else { return path }
    guard try FileManager.default.contentsOfDirectory(atPath: evidence).count < 1000 else {
      return nil
    }
    try DurableFile.write(Array("\(first)\n\(second.encoded)".utf8), to: path)
    return path
  }

  /// Closes the file; the store cannot be used afterwards.
  package func close() throws {
    try queue.close()
    lock.withLock { $0 = nil }
  }
}
