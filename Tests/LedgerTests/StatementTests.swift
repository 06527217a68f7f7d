import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import Testing
import Trace

@testable import Ledger

@Suite struct StatementTests {
  @Test func `credits are whole sums of shares by month`() async throws {
    let now = Mutex(1_795_737_600)  // 2026-11-27
    let ledger = try TestLedger(now: { now.withLock { $0 } })
    var agent = try TestAgent()
    try await ledger.registered(agent)
    let ada = try ContributorIdentity(name: "Ada").publicKey
    let bob = try ContributorIdentity(name: "Bob").publicKey
    _ = try await ledger.service.submit(
      agent.next([agent.trace([(ada, 123_457), (bob, 500_000)]), agent.trace([(ada, 1)])]))
    now.withLock { $0 += 7 * 86_400 }
    _ = try await ledger.service.submit(agent.next([agent.trace([(ada, 700_000), (bob, 0)])]))

    let statement = try await ledger.store.statement(of: ada, period: nil)
    #expect(
      statement.credits == [
        .init(period: "2026-11", answers: 2, sharePPM: 123_458),
        .init(period: "2026-12", answers: 1, sharePPM: 700_000),
      ])
    #expect(statement.answers == 3)
    #expect(statement.sharePPM == 823_458)
    #expect(statement.log == TestAgent.origin)
    let november = try await ledger.store.statement(of: ada, period: "2026-11")
    #expect(november.credits.map(\.period) == ["2026-11"])
    let other = try await ledger.store.statement(of: bob, period: nil)
    #expect(other.credits == [.init(period: "2026-11", answers: 1, sharePPM: 500_000)])
  }

  @Test func `a trace is credited once, whatever batches it is in`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    let ada = try ContributorIdentity(name: "Ada").publicKey
    let part = try agent.trace([(ada, 250_000)])
    for _ in 0..<3 { _ = try await ledger.service.submit(agent.next([part])) }
    let statement = try await ledger.store.statement(of: ada, period: nil)
    #expect(statement.answers == 1)
    #expect(statement.sharePPM == 250_000)
  }

  @Test func `another agent cannot use up the id of a trace`() async throws {
    let ledger = try TestLedger()
    var (thief, victim) = (try TestAgent(), try TestAgent())
    try await ledger.registered(thief)
    try await ledger.registered(victim)
    let ada = try ContributorIdentity(name: "Ada").publicKey
    let secret = TraceSecret()
    _ = try await ledger.service.submit(thief.next([thief.trace(secret: secret)]))
    _ = try await ledger.service.submit(victim.next([victim.trace([(ada, 9)], secret: secret)]))
    #expect(try await ledger.store.statement(of: ada, period: nil).sharePPM == 9)
  }

  @Test func `the earliest registration of a shard wins`() async throws {
    let ledger = try TestLedger()
    let root = Digest(sha256: Array("shard".utf8))
    let ada = try ContributorIdentity(name: "Ada")
    let mallory = try ContributorIdentity(name: "Mallory")
    let claim = { (identity: ContributorIdentity) in
      try ShardClaim.sign(
        origin: TestAgent.origin, root: root, name: "Rivers", identity: identity
      ).encode()
    }
    let first = try await ledger.service.registerShard(claim(ada))
    #expect(first.contributorName == "Ada")
    #expect(try await ledger.service.registerShard(claim(ada)) == first)
    let refusal = try await refusal {
      _ = try await ledger.service.registerShard(claim(mallory))
    }
    #expect(refusal?.error == .taken)
    #expect(refusal?.expected.contains(ada.publicKey.hex) == true)
    let statement = try await ledger.store.statement(of: ada.publicKey, period: nil)
    #expect(statement.shards.map(\.root) == [first.root])
    #expect(statement.name == "Ada")
  }

  @Test func `a registration for another log or with a changed byte is refused`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    let foreign = try agent.registration(origin: "other.example/log")
    #expect(
      try await refusal { _ = try await ledger.service.registerAgent(foreign) }?.error
        == .wrongOrigin)
    let good = try agent.registration()
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      #expect(
        try await refusal { _ = try await ledger.service.registerAgent(bad) } != nil,
        "byte \(index)")
    }
  }

  @Test func `registering twice changes nothing`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    let first = try await ledger.service.registerAgent(agent.registration())
    #expect(first.nextSequence == 0)
    _ = try await ledger.service.submit(agent.next([agent.trace()]))
    let second = try await ledger.service.registerAgent(agent.registration())
    #expect(second.nextSequence == 1)
    #expect(second.head == agent.previous.hex)
    #expect(second.registered == first.registered)
  }
}
