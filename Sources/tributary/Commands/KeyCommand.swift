import Agent
import ArgumentParser
import Corpus

/// The contributor's key.
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Make and show the key that a contributor is.",
    subcommands: [Init.self, Show.self], defaultSubcommand: Show.self)

  struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key; refuses to replace one.")

    @Option(help: "The name that others see beside your documents.")
    var name: String

    func run() async throws {
      let home = try Home.locate()
      try home.create()
      let identity: ContributorIdentity
      do {
        identity = try ContributorIdentity.create(in: home, name: name)
      } catch let error as FileError where error.isExisting {
        throw AgentError(
          .cannotCreate, "\(home.contributorKey): there is a key already; it stays as it is",
          hint: "tributary key show")
      }
      KeyCommand.describe(identity, at: home.contributorKey)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the key's public part.")

    func run() async throws {
      let home = try Home.locate()
      KeyCommand.describe(try requireIdentity(in: home), at: home.contributorKey)
    }
  }

  private static func describe(_ identity: ContributorIdentity, at path: String) {
    print("name  \(identity.name)")
    print("key   \(identity.publicKey.hex)")
    print("file  \(path) (private: keep a copy, show nobody)")
  }
}

/// The person's contributor key, or an error that says how to make one.
func requireIdentity(in home: Home) throws -> ContributorIdentity {
  do {
    return try ContributorIdentity.load(in: home)
  } catch let error as FileError where error.isMissing {
    throw AgentError(
      .missing, "there is no contributor key yet (\(home.contributorKey))",
      hint: "tributary key init --name \"Your Name\"")
  }
}
