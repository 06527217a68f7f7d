import ArgumentParser
import Foundation
import Ledger

/// Shows the log's public key.
struct Key: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the log's public key, as agents pin it (C2SP signed-note vkey).")

  @Option(help: "The folder that holds the log and its signing key.")
  var data: String

  func run() throws {
    guard FileManager.default.fileExists(atPath: LedgerKey.path(in: data)) else {
      try fail(
        "\(LedgerKey.path(in: data)) does not exist; create it with: "
          + "tributary-ledger serve --data \(data)", Exit.missingInput)
    }
    do {
      print(try LedgerKey.load(in: data).verifier.vkey)
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }
}
