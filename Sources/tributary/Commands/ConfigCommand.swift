import Agent
import ArgumentParser

/// Reads and changes settings.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Read and change settings.",
    subcommands: [List.self, Set.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show every setting in force.")

    func run() async throws {
      let settings = try SettingsFile.located().load()
      for entry in settings.entries {
        print("\(Figures.left(entry.key, 24))\(entry.value)")
      }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Change one setting.")

    @Argument(help: "The setting's name, as 'config list' shows it.")
    var key: String

    @Argument(help: "Its new value; an empty one clears it.")
    var value: String

    func run() async throws {
      let file = try SettingsFile.located()
      var settings = try file.load()
      try settings.set(key, to: value)
      try file.save(settings)
    }
  }
}
