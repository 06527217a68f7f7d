import ArgumentParser
import Foundation
import Ledger

/// Checks a log on this machine.
struct Fsck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Derive everything in a data folder again from its entries and report what differs.",
    discussion: """
      Reads the checkpoint, every tile and entry bundle and every row of the database; changes \
      nothing, and the ledger may be running. Each difference is one line with file, field, what \
      was found and what was expected. The exit code is 0 when nothing differs and 65 when \
      something does.
      """)

  @Option(help: "The folder that holds the log and its signing key.")
  var data: String

  @Option(
    name: .customLong("public"),
    help: "The folder of the static files; without it, public in the data folder.")
  var publicFolder: String?

  @Option(help: "The log's PostgreSQL database, if it has one: postgres://USER@HOST:PORT/NAME.")
  var database: String?

  @Flag(help: "Compute the agents' proofs of work again as well; slow.")
  var work = false

  func run() async throws {
    guard FileManager.default.fileExists(atPath: LedgerKey.path(in: data)) else {
      try fail(
        "\(LedgerKey.path(in: data)) does not exist; give the folder of a ledger with --data",
        Exit.missingInput)
    }
    let database = try await LedgerDatabase.open(database, .reading)
    let summary: Ledger.Fsck.Summary
    do {
      let fsck = try Ledger.Fsck(
        folder: data, publicFolder: publicFolder, database: database,
        verifier: try LedgerKey.load(in: data).verifier, checksWork: work,
        report: { print($0) })
      summary = try fsck.run()
    } catch {
      try fail("cannot check \(data): \(error)", Exit.badData)
    }
    print(
      "\(summary.leaves) leaves (\(summary.published) published), \(summary.files) files, "
        + "\(summary.payloads) payloads, \(summary.credits) credits: "
        + "\(summary.differences) differences")
    if summary.differences > 0 { throw Exit.badData }
  }
}
