import Foundation
import LedgerTestSupport
import LedgerWire
import Testing

@testable import Ledger

@Suite struct BatchingTests {
  /// Registers agents and returns a batch of each.
  private func bodies(_ ledger: TestLedger, _ count: Int) async throws -> [[UInt8]] {
    var bodies: [[UInt8]] = []
    for _ in 0..<count {
      let agent = try TestAgent()
      try await ledger.registered(agent)
      bodies.append(try agent.batch([agent.trace()]).body)
    }
    return bodies
  }

  private func submit(_ bodies: [[UInt8]], to ledger: TestLedger) -> Task<[Int], any Error> {
    Task {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for body in bodies {
          group.addTask { try await ledger.service.submit(body).treeSize }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
  }

  @Test func `an idle log does not wait, and a full batch does not wait either`() async throws {
    let ledger = try TestLedger(batching: Batching(interval: .seconds(3600), size: 4))
    let bodies = try await bodies(ledger, 9)
    #expect(try await submit([bodies[0]], to: ledger).value == [1])
    #expect(try await submit(Array(bodies[1...4]), to: ledger).value == [5, 5, 5, 5])
    #expect(try await submit(Array(bodies[5...8]), to: ledger).value == [9, 9, 9, 9])
  }

  @Test func `a batch that is not full waits for the interval`() async throws {
    let ledger = try TestLedger(batching: Batching(interval: .milliseconds(700), size: 100))
    let bodies = try await bodies(ledger, 4)
    let start = ContinuousClock.now
    #expect(try await submit([bodies[0]], to: ledger).value == [1])
    _ = try await submit(Array(bodies[1...3]), to: ledger).value
    #expect(ContinuousClock.now - start >= .milliseconds(700))
    #expect(try await ledger.size() == 4)
  }

  @Test func `finishing integrates what waits`() async throws {
    let ledger = try TestLedger(batching: Batching(interval: .seconds(3600), size: 100))
    let bodies = try await bodies(ledger, 4)
    _ = try await submit([bodies[0]], to: ledger).value
    let waiting = submit(Array(bodies[1...3]), to: ledger)
    try await Task.sleep(for: .milliseconds(100))
    #expect(try await ledger.size() == 1)
    await ledger.service.finish()
    _ = try await waiting.value
    #expect(try await ledger.size() == 4)
  }
}
