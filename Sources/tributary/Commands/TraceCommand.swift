import Agent
import ArgumentParser
import Foundation

/// The signed records of answers.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "List, show, verify, replay, export and prove the signed traces of answers.",
    subcommands: [
      List.self, Show.self, Verify.self, Replay.self, Export.self, Prove.self, CheckProof.self,
    ],
    defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the traces, the latest last.")

    @Option(help: "How many of the latest.") var last: Int = 50

    func run() async throws {
      let session = try AgentSession()
      let lines = try session.traceLines(last: last)
      if lines.isEmpty { print("no traces yet: tributary ask \"...\"") }
      lines.forEach { print($0) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what a trace says, and which part of it leaves this machine.")

    @Argument(help: "A trace id or its beginning; the latest by default.") var trace: String?

    func run() async throws {
      try AgentSession().describeTrace(trace).forEach { print($0) }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check signature, every hash and the arithmetic; names what is damaged.",
      discussion: "Takes trace ids of this machine, or files that 'trace export' wrote.")

    @Argument(help: "Trace ids, their beginnings, or files.") var traces: [String] = []
    @Flag(help: "Every trace on this machine.") var all = false

    func validate() throws {
      guard all != !traces.isEmpty else {
        throw ValidationError("expected trace ids or files, or --all")
      }
    }

    func run() async throws {
      let session = try AgentSession()
      let checks = all ? try session.verifyAllTraces() : try traces.map(session.verifyTrace)
      for check in checks {
        print(check.line)
        for problem in check.problems { print("  \(problem)") }
      }
      if checks.contains(where: { !$0.problems.isEmpty }) { throw ExitCode.signature }
      print("\(checks.count) of \(checks.count) valid")
    }
  }

  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compute a trace again from model and shards, and compare every byte.",
      discussion: """
        Takes a trace of this machine, or a file that 'trace export' wrote on any other. The model and
        the shards of its passages have to be here. Whatever comes out differently is named.
        """)

    @Argument(help: "A trace id or its beginning, or a file.") var trace: String
    @OptionGroup var computing: ComputingArguments

    func run() async throws {
      let replay = try AgentSession(options: computing.options).replayTrace(trace)
      guard replay.problems.isEmpty else {
        print("\(replay.id.short)  differs")
        for problem in replay.problems { print("  \(problem)") }
        throw ExitCode.signature
      }
      print(
        "\(replay.id.short)  the same bytes: \(replay.coalitions) coalitions, \(replay.values) values"
      )
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a trace to a file.",
      discussion: """
        The file holds the private part too (question, answer, values): give it to whom you would
        show the answer. With --public only the signed part that is synced is written.
        """)

    @Argument(help: "A trace id or its beginning.") var trace: String
    @Argument(help: "The file to write.") var output: String
    @Flag(name: .customLong("public"), help: "Write the public part alone.")
    var publicOnly = false

    func run() async throws {
      try write(try AgentSession().exportTrace(trace, publicOnly: publicOnly), to: output)
    }
  }

  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a proof that a trace's shares are in the ledger.",
      discussion: """
        The file holds the public part of this one trace and its way to a checkpoint that the log \
        signed: whoever knows the log's key can check it offline, with 'trace check-proof'.
        """)

    @Argument(help: "A trace id or its beginning.") var trace: String
    @Argument(help: "The file to write.") var output: String

    func run() async throws {
      try write(try AgentSession().proveTrace(trace), to: output)
    }
  }

  struct CheckProof: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a proof that 'trace prove' wrote; nothing is sent anywhere.",
      discussion: "With witnesses in the settings, they have to have cosigned the checkpoint.")

    @Argument(help: "The file.") var file: String
    @Option(help: "The log's key; without it, the pinned one of the ledger in the settings.")
    var log: String?

    func run() async throws {
      let (lines, isValid) = try AgentSession().checkProof(file: file, log: log)
      lines.forEach { print($0) }
      if !isValid { throw ExitCode.signature }
    }
  }
}

private func write(_ bytes: [UInt8], to output: String) throws {
  do {
    try Data(bytes).write(to: URL(fileURLWithPath: output), options: .atomic)
  } catch {
    throw AgentError(.cannotCreate, "\(output): \(error.localizedDescription)")
  }
  print("\(output): \(bytes.count) bytes")
}
