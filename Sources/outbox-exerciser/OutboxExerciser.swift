import ArgumentParser

/// A small agent for crash tests: no model, but the real outbox, the real client and real traces.
@main
struct OutboxExerciser: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outbox-exerciser",
    abstract: "Append traces and sync them in a loop, or check what became of them.",
    subcommands: [Exercise.self, Check.self, CrashPoints.self, FlipBytes.self, DecodeHostile.self],
    defaultSubcommand: Exercise.self)
}

/// Where agents are, and the ledger that they send to.
struct Surroundings: ParsableArguments {
  @Option(help: "A folder for the agents' keys and databases.")
  var home: String

  @Option(help: "The address of the ledger.")
  var ledger: String
}
