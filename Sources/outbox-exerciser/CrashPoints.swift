import ArgumentParser
import Corpus
import Foundation
import LedgerSync
import OutboxFaults

/// Cuts the power of agents at write points, and looks what became of their traces.
struct CrashPoints: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cut the power at write points of SQLite, and check that nothing is lost or doubled.",
    discussion: """
      Every write point of one plan, with all unsynced writes lost, torn and kept; then random \
      points of random plans, with further crashes while they recover. Writes the stored traces \
      as lines "kept ID", to be held against the log. Ends with exit code 1 at a finding.
      """)

  @OptionGroup var surroundings: Surroundings

  @Option(help: "The number of crashes.")
  var points = 10_000

  @Option(help: "The seed of the random points.")
  var seed: UInt64 = 1

  func run() async throws {
    let sweep = CrashSweep(folder: surroundings.home, ledger: surroundings.ledger)
    var cases = try await sweep.everyPoint()
    say("\(cases.count / FaultDisk.Fate.allCases.count) write points, each lost, torn and kept")
    cases = Array(cases.prefix(points))
    cases += try await sweep.random(count: points - cases.count, seed: seed)
    let outcomes = try await sweep.run(cases) { count in
      if count.isMultiple(of: 1000) { say("\(count) cases") }
    }
    let kept = outcomes.reduce(into: Set<String>()) { $0.formUnion($1.kept) }
    let stored = outcomes.reduce(into: Set<String>()) { $0.formUnion($1.stored) }
    let lines = stored.map { "kept \($0)\n" }.joined()
    try DurableFile.write(Array(lines.utf8), to: surroundings.home + "/kept")
    say(
      "\(outcomes.count) cases, \(cases.reduce(0) { $0 + $1.crashes.count }) crashes, "
        + "\(kept.count) traces acknowledged, \(stored.count) stored and receipted, "
        + "\(kept.subtracting(stored).count) lost")
  }
}
