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
  private let databasePath: String
  private let report: (Difference) -> Void
  var summary = Summary()

  /// Every difference goes to `report` as soon as it is found.
  package init(
    folder: String, publicFolder: String? = nil, verifier: NoteVerifier,
    report: @escaping (Difference) -> Void
  ) {
    self.verifier = verifier
    self.report = report
    self.folder = PublicFolder(path: publicFolder ?? folder + "/public")
    admission = Admission(origin: verifier.name)
    databasePath = folder + "/" + LedgerSchema.file
  }

  /// Checks the whole log; throws only when there is no database to be read.
  package func run() throws -> Summary {
    // Before the database, which can only be ahead of the file then.
    let published = try publishedCheckpoint()
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let source = try DatabaseQueue(path: databasePath, configuration: configuration)
    try DatabaseQueue(path: "").inDatabase { scratch in
      let totals = try CreditTotals(scratch)
      do {
        try source.read { database in
          try self.check(database, published: published, totals: totals)
        }
      } catch let error as LedgerError {
        // A value of another type; what follows it cannot be told apart any more.
        differ(error.file, error.field, found: error.found, expected: error.expected)
      } catch let error as DatabaseError {
        differ(
          LedgerSchema.file, "content", found: "\(error.message ?? "\(error)")",
          expected: "a database that can be read")
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
    _ database: Database, published: (checkpoint: Checkpoint, note: String)?, totals: CreditTotals
  ) throws {
    guard try LedgerSchema.isCurrent(database) else {
      throw LedgerError(
        file: databasePath, field: "version", found: "that of an older program",
        expected: "the present one; start the ledger once")
    }
    for problem in try String.fetchAll(database, sql: "PRAGMA integrity_check(10)")
    where problem != "ok" {
      differ(LedgerSchema.file, "pages", found: problem, expected: "ok")
    }
    try checkRegistrations(database)
    let size = try publishedSize(published, database)
    try checkLog(database, published: size, totals: totals)
    try checkEquivocations(database)
    try checkCredits(database, totals)
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
    _ published: (checkpoint: Checkpoint, note: String)?, _ database: Database
  ) throws -> Int {
    let latest = try Int.fetchOne(database, sql: "SELECT max(size) FROM checkpoints") ?? 0
    guard let published else { return latest }
    let note = try String.fetchOne(
      database, sql: "SELECT note FROM checkpoints WHERE size = ?",
      arguments: [Int(exactly: published.checkpoint.size)])
    guard let note else {
      differ(
        "\(folder.path)/\(PublicFolder.checkpoint)", "size", found: "\(published.checkpoint.size)",
        expected: "one that the database has a checkpoint of, at most \(latest)")
      return latest
    }
    check("\(folder.path)/\(PublicFolder.checkpoint)", "note", published.note, note)
    return Int(published.checkpoint.size)
  }
}
