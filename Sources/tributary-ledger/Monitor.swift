import ArgumentParser
import Foundation
import Ledger
import TransparencyLog

/// Follows a log that somebody else runs.
struct Monitor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a log through its static files and tell when it breaks its word.",
    discussion: """
      Verifies each new checkpoint, that it continues the one seen before, and every new entry. \
      Prints a line for each entry. When the log shows two histories or goes back, both signed \
      checkpoints are printed as evidence and the exit code is 65; it is 65 too when a file is \
      damaged or, with --once, when an entry is not valid. It is 69 when --once gets no answer.
      """)

  @Argument(help: "The log's address: https://HOST[:PORT][/PREFIX].")
  var url: String

  @Option(help: "The log's public key, a C2SP vkey; see: tributary-ledger key")
  var key: String

  @Option(help: "The file that remembers what was seen; created if missing.")
  var state: String

  @Flag(help: "Look once and stop.")
  var once = false

  @Option(help: "Seconds between two looks.")
  var interval = 10

  func validate() throws {
    guard (1...86_400).contains(interval) else {
      throw ValidationError("--interval is \(interval), expected 1...86400")
    }
  }

  func run() async throws {
    let (verifier, state) = try open()
    do {
      try await TileSource.connect(to: url) { source in
        let monitor = Ledger.Monitor(source: source, state: state, verifier: verifier)
        repeat {
          try await look(monitor)
          if !once { try await Task.sleep(for: .seconds(interval)) }
        } while !once
      }
    } catch MonitorFailure.unreachable(let reason) {
      try fail(reason, Exit.unavailable)
    } catch let failure as MonitorFailure {
      say("\(failure)")
      try fail("\(url) is not the log that was seen before, or is damaged", Exit.badData)
    } catch let error as LedgerError {
      try fail("\(error)", Exit.badData)
    }
  }

  private func look(_ monitor: Ledger.Monitor) async throws {
    do {
      let progress = try await monitor.check(report: report)
      if once || progress.from < progress.to {
        say("verified: \(progress.to) entries, \(progress.to - progress.from) of them new")
      }
      if once, progress.problems > 0 { throw Exit.badData }
    } catch MonitorFailure.unreachable(let reason) where !once {
      // Nothing is known then, good or bad; the next look may tell.
      try? FileHandle.standardError.write(contentsOf: Data("\(reason)\n".utf8))
    }
  }

  private func open() throws -> (NoteVerifier, MonitorState) {
    do {
      let verifier = try NoteVerifier(vkey: key)
      return (verifier, try MonitorState(path: state, verifier: verifier))
    } catch let error as NoteError {
      try fail("--key: \(error)", Exit.usage)
    } catch let error as LedgerError {
      try fail("\(error)", Exit.badData)
    } catch {
      try fail("cannot open \(state): \(error)", Exit.cannotCreate)
    }
  }

  @Sendable private func report(_ event: Ledger.Monitor.Event) {
    switch event {
    case .entry(let position, let agent, let sequence, let traces):
      say("entry \(position): agent \(agent), sequence \(sequence), \(traces) traces")
    case .claim(let position, let contributor, let root):
      say("entry \(position): contributor \(contributor) claims shard \(root)")
    case .problem(let position, let reason):
      say("problem: entry \(position): \(reason)")
    }
  }

  private func say(_ line: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
  }
}
