import Corpus
import Foundation
import Trace

/// One crash, or several in a row: where each comes, and what it leaves.
package struct CrashCase: Sendable, CustomStringConvertible {
  package var plan = AgentLife.Plan()
  package var crashes: [Crash]

  package struct Crash: Sendable {
    package var point: Int
    package var fate: FaultDisk.Fate
    package var seed: UInt64

    package init(point: Int, fate: FaultDisk.Fate, seed: UInt64) {
      self.point = point
      self.fate = fate
      self.seed = seed
    }
  }

  package init(plan: AgentLife.Plan = AgentLife.Plan(), crashes: [Crash]) {
    self.plan = plan
    self.crashes = crashes
  }

  package var description: String {
    crashes.map { "\($0.fate) at write point \($0.point), seed \($0.seed)" }
      .joined(separator: ", then ") + " (\(plan.rounds) rounds of \(plan.traces) traces)"
  }
}

/// What a case left: acknowledged and stored traces, all of which the log must hold once.
package struct CrashOutcome: Sendable {
  package let kept: Set<String>
  package let stored: Set<String>
  /// Whether the first crash came before the agent had ended.
  package let hasCrashed: Bool
}

/// Crashes of an agent at many write points, each in a folder of its own, with one ledger.
package struct CrashSweep: Sendable {
  private let folder: String
  private let url: String

  package init(folder: String, ledger url: String) {
    self.folder = folder
    self.url = url
  }

  /// The write points of an undisturbed life.
  package func points(of plan: AgentLife.Plan) async throws -> Int {
    try await inFolder { path in
      let agent = try AgentLife(folder: path, ledger: url)
      agent.disk.crash(at: nil)
      try await agent.live(plan)
      return agent.disk.points
    }
  }

  /// Every fate at every `step`-th write point of the default plan.
  package func everyPoint(step: Int = 1, offset: Int = 0) async throws -> [CrashCase] {
    let points = try await points(of: AgentLife.Plan())
    return stride(from: offset, to: points, by: step).flatMap { point in
      FaultDisk.Fate.allCases.map { fate in
        CrashCase(crashes: [CrashCase.Crash(point: point, fate: fate, seed: UInt64(point))])
      }
    }
  }

  /// Random points of random plans, each with up to two crashes more while it recovers.
  package func random(count: Int, seed: UInt64) async throws -> [CrashCase] {
    var random = SeededGenerator(seed: seed)
    var totals: [String: Int] = [:]
    var cases: [CrashCase] = []
    for _ in 0..<count {
      let plan = AgentLife.Plan(
        rounds: Int.random(in: 1...3, using: &random),
        traces: Int.random(in: 1...4, using: &random))
      let name = "\(plan.rounds) \(plan.traces)"
      let total = if let known = totals[name] { known } else { try await points(of: plan) }
      totals[name] = total
      let crashes = (0..<Int.random(in: 1...3, using: &random)).map { number in
        CrashCase.Crash(
          point: Int.random(in: 0..<(number == 0 ? total : 30), using: &random),
          fate: FaultDisk.Fate.allCases.randomElement(using: &random) ?? .torn,
          seed: random.next())
      }
      cases.append(CrashCase(plan: plan, crashes: crashes))
    }
    return cases
  }

  /// Runs all cases, some at a time; throws the first finding, with its case.
  package func run(
    _ cases: [CrashCase], progress: @Sendable (Int) -> Void = { _ in }
  ) async throws -> [CrashOutcome] {
    try await withThrowingTaskGroup(of: CrashOutcome.self) { group in
      var outcomes: [CrashOutcome] = []
      for (number, crashCase) in cases.enumerated() {
        if number >= 8, let outcome = try await group.next() {
          outcomes.append(outcome)
          progress(outcomes.count)
        }
        group.addTask {
          do {
            return try await run(crashCase)
          } catch {
            throw Finding("\(crashCase): \(error)")
          }
        }
      }
      for try await outcome in group { outcomes.append(outcome) }
      return outcomes
    }
  }

  private func run(_ crashCase: CrashCase) async throws -> CrashOutcome {
    try await inFolder { path in
      let agent = try AgentLife(folder: path, ledger: url)
      var hasCrashed = false
      for (number, crash) in crashCase.crashes.enumerated() {
        agent.disk.crash(at: crash.point, fate: crash.fate, seed: crash.seed)
        do {
          if number == 0 {
            try await agent.live(crashCase.plan)
          } else {
            _ = try await agent.recover()
          }
        } catch {
          guard agent.disk.hasCrashed else { throw error }
        }
        if number == 0 { hasCrashed = agent.disk.hasCrashed }
        agent.disk.restore(fate: crash.fate, seed: crash.seed)
      }
      let stored = try await agent.recover()
      return CrashOutcome(
        kept: Set(agent.kept.keys.map(\.hex)), stored: Set(stored.map(\.hex)),
        hasCrashed: hasCrashed)
    }
  }

  private func inFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = folder + "/" + UUID().uuidString
    try DurableFile.createFolder(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }
}
