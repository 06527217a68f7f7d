import Agent
import ArgumentParser
import Foundation

/// Sends the public parts of traces to the ledger.
struct SyncCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "Send traces to the ledger and verify its receipts.",
    discussion: """
      Only the public part of a trace leaves: credits, model and shard hashes, commitments and
      signatures. Nothing is let go before its receipt verifies. Exit code 75: try again later.
      """)

  @Option(help: "The ledger's address, for this run.") var ledger: String?
  @Option(help: "The token of the ledger's operator that admits this agent, for this run.")
  var invitation: String?
  @Flag(help: "Show the exact bytes that would leave, and send nothing.") var dryRun = false
  @Flag(help: "Forget the ledger's pinned key and checkpoint; the next sync pins what it finds.")
  var forgetLog = false

  func run() async throws {
    var options = AgentOptions()
    options.overrides = { settings in
      if let ledger { try settings.set("ledger", to: ledger) }
      if let invitation { try settings.set("invitation", to: invitation) }
    }
    let session = try AgentSession(options: options)
    if forgetLog {
      print(try session.forgetLedger())
      return
    }
    if dryRun {
      try await session.dryRun().forEach { print($0) }
      return
    }
    let report = try await session.synchronize()
    report.sentences.forEach { print($0) }
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }
}

/// Keeps syncing.
struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Run in the foreground and sync periodically until ^C.")

  @Option(help: "Seconds between syncs.") var interval: Int?

  func run() async throws {
    var options = AgentOptions()
    options.overrides = { settings in
      if let interval { try settings.set("syncInterval", to: String(interval)) }
    }
    Interrupt.install()
    let session = try AgentSession(options: options)
    try await session.synchronizePeriodically(
      isCancelled: { Interrupt.isRaised }, report: { print($0) })
  }
}

/// What the ledger credits a contributor with.
struct StatementCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statement", abstract: "Show the ledger's credits for contributors.")

  @Argument(help: "A contributor's public key; all installed contributors by default.")
  var key: String?
  @Option(help: "A month, as YYYY-MM (UTC); the present one by default.") var period: String?

  func run() async throws {
    let session = try AgentSession()
    let keys = try key.map { [try contributorKey($0)] } ?? session.installedContributors()
    for line in try await session.statements(of: keys, period: period) { print(line) }
  }
}
