import ArgumentParser
import Corpus
import Foundation
import Ledger

/// Shows the log's public key.
struct Key: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the log's public key, as agents pin it (C2SP signed-note vkey).")

  @Option(help: "The folder that holds the log and its signing key.")
  var data: String

  @Option(
    help: """
      The name of the log: makes its key if there is none yet, so that it is known before the log \
      is served.
      """)
  var origin: String?

  func run() throws {
    if let origin { return try create(origin) }
    guard FileManager.default.fileExists(atPath: LedgerKey.path(in: data)) else {
      try fail(
        "\(LedgerKey.path(in: data)) does not exist; create it with: "
          + "tributary-ledger key --data \(data) --origin NAME", Exit.missingInput)
    }
    do {
      print(try LedgerKey.load(in: data).verifier.vkey)
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }

  private func create(_ origin: String) throws {
    do {
      print(try LedgerKey.loadOrCreate(in: data, origin: origin).verifier.vkey)
    } catch let error as FileError {
      try fail("\(error)", Exit.cannotCreate)
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }
}
