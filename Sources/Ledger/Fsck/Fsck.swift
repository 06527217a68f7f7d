import Corpus
import Foundation
import GRDB
import TransparencyLog

/// Derives everything in a data folder again from the log's entries and reports what differs.
///
/// An entry is there three times: in a bundle, hashed in a tile, and in the database. What two of
/// them agree on is taken as the entry, so that one damaged copy is one difference. Memory stays
/// bounded: one bundle, one payload and the right edge of the tree are held at a time; sums are
/// kept in a temporary database. Nothing is changed, and the ledger may be running.
package final class Fsck {
  package struct Summary: Equatable, Sendable {
    /// Leaves under the published checkpoint.
    package var published = 0
    /// Leaves in the database.
    package var leaves = 0
    package var files = 0
    package var payloads = 0
    package var credits = 0
    package var differences = 0
  }

  let verifier: NoteVerifier
  let folder: PublicFolder
  let admission: Admission
  /// Whether proofs of work are computed again, each with the memory and time of one try.
  let checksWork: Bool
  private let database: any SQLDatabase
  private let report: (Difference) -> Void
  var summary = Summary()
  /// Shards with a leaf, leaves that are claims, and the last document of those.
  var claims = (registered: 0, logged: 0, lastDocument: -1)

  /// Every difference goes to `report` as soon as it is found; throws when there is no database.
  package init(
    folder: String, publicFolder: String? = nil, database: (any SQLDatabase)? = nil,
    verifier: NoteVerifier, checksWork: Bool = false, report: @escaping (Difference) -> Void
  ) throws {
    self.verifier = verifier
    self.checksWork = checksWork
    self.report = report
    self.folder = PublicFolder(path: publicFolder ?? folder + "/public")
    admission = Admission(origin: verifier.name)
    self.database =
      try database ?? SQLiteDatabase(readOnly: folder + "/" + LedgerSchema.file)
  }

  var databaseName: String { database.source }

  /// Checks the whole log; throws only when there is no database to be read.
  package func run() throws -> Summary {
    // Before the database, which can only be ahead of the file then.
    let published = try publishedCheckpoint()
    try DatabaseQueue(path: "").inDatabase { scratch in
      let totals = try CreditTotals(scratch)
      do {
        try database.readBlocking { connection in
          try self.check(connection, published: published, totals: totals)
        }
      } catch let error as LedgerError {
        // A value of another type; what follows it cannot be told apart any more.
        differ(error.file, error.field, found: error.found, expected: error.expected)
      } catch let error as DatabaseFailure {
        differ(
          databaseName, "content", found: error.reason, expected: "a database that can be read")
      }
    }
    return summary
  }

  func differ(_ file: String, _ field: String, found: String, expected: String) {
    summary.differences += 1
    report(Difference(file: file, field: field, found: found, expected: expected))
  }

  /// Reports a value that is not the expected one.
  func check<Value: Equatable>(
    _ file: String, _ field: String, _ found: Value, _ expected: Value
  ) {
    if found != expected {
      differ(file, field, found: "\(found)", expected: "\(expected)")
    }
  }

  func name(of tile: TilePath) -> String { "\(folder.path)/\(tile)" }
}

extension Fsck {
  private func check(
    _ connection: any SQLConnection, published: (checkpoint: Checkpoint, note: String)?,
    totals: CreditTotals
  ) throws {
    guard try database.isCurrent(connection) else {
      throw LedgerError(
        file: databaseName, field: "version", found: "that of an older program",
        expected: "the present one; start the ledger once")
    }
    for problem in try database.damages(connection) {
      differ(databaseName, "pages", found: problem, expected: "ok")
    }
    if let row = try connection.row("SELECT origin, vkey FROM log") {
      check(databaseName, "log.origin", try row.text("origin"), verifier.name)
      check(databaseName, "log.vkey", try row.text("vkey"), verifier.vkey)
    }
    try checkRegistrations(connection)
    try checkAdmission(connection)
    try checkLogShard(connection)
    try checkClusters(connection)
    try checkContests(connection)
    let size = try publishedSize(published, connection)
    try checkLog(connection, published: size, totals: totals)
    check(databaseName, "shards with a leaf", claims.registered, claims.logged)
    try checkEquivocations(connection)
    try checkCredits(connection, totals)
  }

  private func publishedCheckpoint() throws -> (checkpoint: Checkpoint, note: String)? {
    let file = "\(folder.path)/\(PublicFolder.checkpoint)"
    guard let bytes = try folder.readCheckpoint() else {
      differ(file, "file", found: "none", expected: "the signed checkpoint")
      return nil
    }
    summary.files += 1
    do throws(NoteError) {
      let note = try SignedNote(encoded: bytes)
      switch Checkpoint.verify(note, by: verifier) {
      case .valid(let checkpoint): return (checkpoint, note.encoded)
      case .invalid(let reason):
        differ(file, "signature", found: reason, expected: "one by \(verifier.vkey)")
      }
    } catch {
      differ(file, error.field, found: error.found, expected: error.expected)
    }
    return nil
  }

  /// The size whose files have to be there: the file's, or else that of the latest checkpoint.
  private func publishedSize(
    _ published: (checkpoint: Checkpoint, note: String)?, _ connection: any SQLConnection
  ) throws -> Int {
    let latest = try connection.integer("SELECT max(size) FROM checkpoints") ?? 0
    guard let published else { return latest }
    let size = Int(exactly: published.checkpoint.size)
    let row = try size.flatMap { size in
      try connection.row("SELECT note FROM checkpoints WHERE size = $1", [.integer(size)])
    }
    guard let note = try row?.text("note") else {
      differ(
        "\(folder.path)/\(PublicFolder.checkpoint)", "size", found: "\(published.checkpoint.size)",
        expected: "one that the database has a checkpoint of, at most \(latest)")
      return latest
    }
    check("\(folder.path)/\(PublicFolder.checkpoint)", "note", published.note, note)
    return Int(published.checkpoint.size)
  }
}
