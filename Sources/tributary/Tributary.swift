import Agent
import ArgumentParser

/// The command line; without a subcommand, on a terminal, it chats.
@main
struct Tributary: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tributary",
    abstract: "Answers questions over documents that many people contributed, and measures whose.",
    discussion: """
      Everything stays on this machine except what 'sync' sends to the ledger you name.
      Exit codes follow sysexits: 64 usage, 65 bad data, 66 missing input, 69 unavailable,
      75 try later, 77 signature, 130 interrupted.
      """,
    version: "tributary 0.1.0",
    subcommands: [
      AskCommand.self, WhyCommand.self, ChatCommand.self, AddCommand.self, ShardCommand.self,
      KeyCommand.self, TraceCommand.self, SyncCommand.self, StatementCommand.self,
      AgentCommand.self, PageCommand.self, ModelCommand.self, BenchCommand.self,
      ConfigCommand.self,
    ])

  mutating func run() async throws {
    guard Terminal.inputIsTerminal else { throw CleanExit.helpRequest(self) }
    let chat = try ChatCommand.parse([])
    try await chat.run()
  }

  static func main() async {
    await main(nil)
  }

  /// Parses, runs and exits with a code that says what went wrong.
  static func main(_ arguments: [String]?) async {
    do {
      var command = try parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      Failure(error).exit(of: Self.self)
    }
  }
}
