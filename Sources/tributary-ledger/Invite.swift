import ArgumentParser
import Foundation
import Ledger
import LedgerWire

/// Prints invitations to the log.
struct Invite: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print invitations; each admits one agent.",
    discussion: """
      A token is signed with the log's key and is worth an admission to whoever has it: hand it \
      over in private. The agent's side: tributary sync --invitation TOKEN. The ledger keeps which \
      tokens were used.
      """)

  @Option(help: "The folder that holds the log and its signing key.")
  var data: String

  @Option(help: "How many.")
  var count = 1

  @Option(help: "Days for which they can be used.")
  var expires = 30

  func validate() throws {
    guard (1...100_000).contains(count) else {
      throw ValidationError("--count is \(count), expected 1...100000")
    }
    guard (1...3650).contains(expires) else {
      throw ValidationError("--expires is \(expires), expected 1...3650")
    }
  }

  func run() throws {
    guard FileManager.default.fileExists(atPath: LedgerKey.path(in: data)) else {
      try fail(
        "\(LedgerKey.path(in: data)) does not exist; create it with: "
          + "tributary-ledger serve --data \(data)", Exit.missingInput)
    }
    let end = Int(Date().timeIntervalSince1970) + expires * 86_400
    do {
      let signer = try LedgerKey.load(in: data)
      for _ in 0..<count { print(try Invitation.issue(by: signer, expires: end).token) }
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }
}
