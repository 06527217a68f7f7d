import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import Synchronization
import TestSupport
import Testing
import Trace

@testable import Ledger

/// What one agent may add in an hour and in a day.
@Suite struct QuotaTests {
  /// Time that a test sets.
  private final class Clock: Sendable {
    private let value = Mutex(1_795_000_000)
    var now: Int { value.withLock { $0 } }
    func advance(_ seconds: Int) { value.withLock { $0 += seconds } }
  }

  private func ledger(
    _ folder: TemporaryFolder? = nil, leaves: Int = 0, bytes: Int = 0, clock: Clock
  ) throws -> TestLedger {
    try TestLedger(
      folder: folder,
      terms: PolicyTerms(quotas: AgentQuotas(leavesPerHour: leaves, bytesPerDay: bytes)),
      now: { clock.now })
  }

  private func refused(_ ledger: TestLedger, _ body: [UInt8]) async throws -> LedgerRefusal? {
    try await refusal { _ = try await ledger.service.submit(body) }
  }

  @Test func `batches above an hour's number wait for the second in which they fit`()
    async throws
  {
    let clock = Clock()
    let folder = try TemporaryFolder()
    var ledger = try ledger(folder, leaves: 3, clock: clock)
    var (agent, other) = (try TestAgent(), try TestAgent())
    for agent in [agent, other] { try await ledger.registered(agent) }
    var logged: [[UInt8]] = []
    for _ in 0..<3 {
      logged.append(try agent.next([agent.trace()]))
      _ = try await ledger.service.submit(logged[logged.count - 1])
      clock.advance(10)
    }
    let next = try agent.batch([agent.trace()])
    let refusal = try await refused(ledger, next.body)
    #expect(refusal?.error == .overQuota)
    #expect(refusal?.error.httpStatus == 429)
    #expect(refusal?.field == "quota.leaves")
    #expect(refusal?.retryAfter == 3570)
    // Without its payload it is a leaf as well.
    #expect(try await refused(ledger, next.voidBody)?.error == .overQuota)
    // What is logged has its receipt, and the others go on.
    for body in logged { #expect(try await refused(ledger, body) == nil) }
    #expect(try await refused(ledger, other.next([other.trace()])) == nil)

    try ledger.store.close()
    clock.advance(3569)
    ledger = try self.ledger(folder, leaves: 3, clock: clock)
    #expect(try await refused(ledger, next.body)?.retryAfter == 1)
    clock.advance(1)
    #expect(try await refused(ledger, next.body) == nil)
    agent.advance(past: next)
    // The second of the three is ten seconds younger than the first.
    #expect(try await refused(ledger, agent.batch([agent.trace()]).body)?.retryAfter == 10)
    #expect(try await ledger.size() == 5)
  }

  @Test func `bytes above a day's number wait, and a larger batch waits longer`() async throws {
    let clock = Clock()
    var agent = try TestAgent()
    let sample = try agent.batch([agent.trace()])
    let ledger = try ledger(bytes: 3 * sample.byteCount + 100, clock: clock)
    try await ledger.registered(agent)
    for _ in 0..<3 {
      #expect(try await refused(ledger, agent.next([agent.trace()])) == nil)
      clock.advance(3600)
    }
    let refusal = try await refused(ledger, agent.batch([agent.trace()]).body)
    #expect(refusal?.error == .overQuota)
    #expect(refusal?.field == "quota.bytes")
    #expect(refusal?.retryAfter == 86_400 - 3 * 3600)
    // So large that two have to make room for it.
    var parts = [try agent.trace()]
    var large = try agent.batch(parts)
    while large.byteCount <= sample.byteCount + 200 {
      parts.append(try agent.trace())
      large = try agent.batch(parts)
    }
    try #require(large.byteCount < 2 * sample.byteCount)
    #expect(try await refused(ledger, large.body)?.retryAfter == 86_400 - 2 * 3600)
    clock.advance(86_400 - 3 * 3600)
    #expect(try await refused(ledger, large.body)?.retryAfter == 3600)
    #expect(try await refused(ledger, agent.next([agent.trace()])) == nil)
  }

  @Test func `batches of one integration cannot exceed it together`() async throws {
    let clock = Clock()
    let ledger = try ledger(leaves: 4, clock: clock)
    var agent = try TestAgent()
    try await ledger.registered(agent)
    let admission = Admission(origin: TestAgent.origin)
    let group = try (0..<7).map { _ in
      let batch = try agent.batch([agent.trace()])
      agent.advance(past: batch)
      return try admission.admitHeader(of: BatchSubmission.decode(batch.voidBody))
    }
    let outcomes = try await ledger.store.integrate(group.map { .batch($0) }, now: clock.now)
    #expect(outcomes[..<4].map { try? $0.get() } == [0, 1, 2, 3])
    let errors = outcomes[4...].map { outcome in
      if case .failure(let refusal) = outcome { return refusal.error }
      return .internal
    }
    #expect(errors == [.overQuota, .sequenceGap, .sequenceGap])
    try await ledger.store.recover()
    #expect(try await ledger.size() == 4)
  }

  /// Random histories against a count over the whole history.
  @Test(arguments: [1, 2, 3, 4]) func `the answer is the one of counting everything`(
    seed: UInt64
  ) async throws {
    var random = SeededGenerator(seed: seed)
    let quotas = AgentQuotas(leavesPerHour: 5, bytesPerDay: 4000)
    let ledger = try TestLedger()
    let agent = try TestAgent().identity.publicKey
    var history: [(time: Int, bytes: Int)] = []
    func fits(_ bytes: Int, at time: Int) -> Bool {
      let hour = history.filter { $0.time > time - 3600 }.count
      let day = history.filter { $0.time > time - 86_400 }.reduce(0) { $0 + $1.bytes }
      return hour < 5 && day + bytes <= 4000
    }
    var (now, sum, refusals) = (1_795_000_000, 0, 0)
    for _ in 0..<250 {
      now += Int.random(in: 0...1500, using: &random)
      let (time, sequence) = (now, history.count)
      let bytes = Int.random(in: 1...600, using: &random)
      let (total, expected) = (sum, fits(bytes, at: now))
      let outcome = try await ledger.store.database.write { connection in
        var check = QuotaCheck(quotas, connection, now: time)
        let outcome = try check.take(agent, sequence: sequence, bytes: bytes)
        if case .success(let sum) = outcome {
          #expect(sum == total + bytes)
          try connection.execute(
            """
            INSERT INTO entries (position, agent, sequence, hash, header, logged, agent_bytes)
            VALUES ($1, $2, $1, $3, $3, $4, $5)
            """,
            [
              .integer(sequence), .blob(agent.bytes), .blob([0]), .integer(time), .integer(sum),
            ])
        }
        return outcome
      }
      switch outcome {
      case .success:
        #expect(expected)
        history.append((now, bytes))
        sum += bytes
      case .failure(let refusal):
        refusals += 1
        #expect(!expected)
        let wait = try #require(refusal.retryAfter)
        // The quota that is named has room then, and not a second before.
        #expect(!fits(bytes, at: now + wait - 1))
        if fits(bytes, at: now + wait) { now += wait - 1 }
      }
    }
    #expect(refusals > 20)
    #expect(history.count > 50)
  }

  @Test func `a log from before there were quotas is counted up`() async throws {
    let clock = Clock()
    let ledger = try ledger(clock: clock)
    var agents = [try TestAgent(), try TestAgent()]
    for agent in agents { try await ledger.registered(agent) }
    for index in [0, 1, 0, 0, 1] {
      let traces = try (0...index).map { _ in try agents[index].trace() }
      _ = try await ledger.service.submit(agents[index].next(traces))
    }
    try ledger.store.close()
    let path = ledger.folder.path + "/" + LedgerSchema.file
    let queue = try DatabaseQueue(path: path)
    let sums = "SELECT agent_bytes FROM entries ORDER BY position"
    let before = try await queue.read { try Int.fetchAll($0, sql: sums) }
    try await queue.write { database in
      try database.execute(sql: "ALTER TABLE entries DROP COLUMN agent_bytes")
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = 'quotas'")
    }
    try queue.close()
    let reopened = try self.ledger(ledger.folder, clock: clock)
    try reopened.store.close()
    let after = try await DatabaseQueue(path: path).read { try Int.fetchAll($0, sql: sums) }
    #expect(after == before)
    #expect(Set(after).count == 5)
  }

  @Test func `fsck finds a changed sum`() async throws {
    let ledger = try ledger(clock: Clock())
    var agent = try TestAgent()
    try await ledger.registered(agent)
    for _ in 0..<3 { _ = try await ledger.service.submit(agent.next([agent.trace()])) }
    try ledger.store.close()
    try await DatabaseQueue(path: ledger.folder.path + "/" + LedgerSchema.file).write {
      try $0.execute(sql: "UPDATE entries SET agent_bytes = agent_bytes - 1 WHERE position = 2")
    }
    #expect(try Fsck.differences(in: ledger.folder).map(\.field) == ["entries[2].agent_bytes"])
  }
}

extension Batch {
  fileprivate var byteCount: Int { signedHeader.count + payload.count }
}
