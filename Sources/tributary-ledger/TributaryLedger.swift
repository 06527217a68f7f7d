import ArgumentParser

@main
struct TributaryLedger: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tributary-ledger",
    abstract: "A transparency log of what contributed to answers.",
    discussion: """
      Agents send batches of signed trace summaries; the ledger appends them to a Merkle tree, \
      signs a checkpoint and returns receipts that anybody can check. It sees who contributed to \
      an answer, and never a question, an answer or a document.
      """,
    subcommands: [
      Serve.self, Key.self, Invite.self, Fsck.self, Monitor.self, WitnessCommand.self,
    ])
}

/// Exit codes after sysexits.h.
enum Exit {
  static let usage = ExitCode(64)
  static let badData = ExitCode(65)
  static let missingInput = ExitCode(66)
  static let unavailable = ExitCode(69)
  static let software = ExitCode(70)
  static let cannotCreate = ExitCode(73)
}
