import ArgumentParser
import Corpus
import Foundation
import LedgerSync
import Trace

/// Appends traces and syncs them in a loop, saying what is durable, until it is killed.
struct Exercise: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append and sync in a loop.",
    discussion: """
      Prints "kept ID" after a trace is durable and "synced" after a synchronisation that left \
      nothing waiting.
      """)

  @OptionGroup var surroundings: Surroundings

  @Option(help: "How many rounds to run.")
  var rounds = Int.max

  @Option(help: "The number of traces per round.")
  var traces = 3

  func run() async throws {
    let folders = Home(config: surroundings.home, data: surroundings.home)
    try folders.create()
    let identity = try ContributorIdentity.agent(in: folders)
    let store = try TraceStore(path: folders.traces)
    let synchronizer = try Synchronizer(
      store: store, identity: identity, ledger: surroundings.ledger,
      timeout: .seconds(10))
    var round = 0
    while round < rounds {
      round += 1
      for _ in 0..<traces {
        let trace = try TraceCodec.seal(record(), identity: identity)
        try store.append(trace)
        say("kept \(trace.id)")
      }
      let report = try await synchronizer.sync()
      if report.waitingTraces == 0 { say("synced") } else { report.sentences.forEach(say) }
    }
  }

  private func record() -> TraceRecord {
    TraceRecord(
      secret: TraceSecret(), engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
      modelName: "none", mode: .independent, question: "a question", answer: "an answer")
  }
}

/// Writes a line at once, so that a line that was read was true before the process was killed.
func say(_ line: String) {
  try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
}
