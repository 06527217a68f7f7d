import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger
@testable import LedgerSync

/// Real ledgers that do not admit everybody, or not everything.
@Suite struct AdmissionTests {
  private func terms(
    _ admission: AdmissionRule = .work, memory: Int = 1, bits: Int = 2, leaves: Int = 0
  ) throws -> PolicyTerms {
    PolicyTerms(
      admission: admission, work: try WorkParameters(memory: memory, bits: bits),
      quotas: AgentQuotas(leavesPerHour: leaves))
  }

  @Test func `an agent does the work that its ledger asks for, once`() async throws {
    let ledger = try await RunningLedger(terms: terms())
    let interposer = try Interposer(port: ledger.port)
    let device = try Device()
    try device.addTrace()
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.sentences.contains { $0.contains("for a proof of work: ") })
    let policies = { interposer.requests.count { $0.requestLine.hasPrefix("GET /v1/policy") } }
    #expect(policies() == 1)

    // A ledger that knows the agent is not worked for, even if the agent forgot that.
    try device.addTrace()
    try device.store.forgetLedger(interposer.url)
    let again = try await device.synchronizer(interposer.url).sync()
    #expect(again.outcome == .complete)
    #expect(!again.sentences.contains { $0.contains("proof of work") })
    #expect(policies() == 1)

    // One that forgot the agent is.
    try device.addTrace()
    try await ledger.forgetAgents()
    #expect(try await device.synchronizer(interposer.url).sync().outcome == .complete)
    #expect(policies() == 2)
    #expect(try device.count(.receipted) == 3)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a ledger that asks for too much is refused, and an invitation helps`() async throws {
    for (work, limits) in [
      (try terms(.workOrInvitation, memory: 1, bits: 5), WorkLimits(memory: 4, total: 16)),
      (try terms(.workOrInvitation, memory: 8, bits: 0), WorkLimits(memory: 4, total: 16)),
      (try terms(.workOrInvitation, memory: 1, bits: 40), WorkLimits()),
      (try terms(.invitation), WorkLimits()),
    ] {
      let ledger = try await RunningLedger(terms: work)
      let device = try Device()
      try device.addTrace()
      let held = try await device.synchronizer(ledger.url, workLimits: limits).sync()
      #expect(held.outcome == .held)
      #expect(held.sentences.contains { $0.contains("tributary sync --invitation TOKEN") })
      #expect(held.waitingTraces == 1)
      let token = try Invitation.issue(by: ledger.store.signer, expires: .max / 2).token
      let report = try await device.synchronizer(
        ledger.url, invitation: token, workLimits: limits
      ).sync()
      #expect(report.outcome == .complete, "\(report.sentences)")
      #expect(report.sentences.contains("The ledger registered this agent with the invitation."))
      // It is spent.
      let second = try Device()
      try second.addTrace()
      let refused = try await second.synchronizer(ledger.url, invitation: token).sync()
      #expect(refused.outcome == .held)
      #expect(refused.sentences.contains { $0.contains("used before") })
      try await ledger.stop()
    }
  }

  @Test func `an invitation to a ledger that takes work alone is not needed`() async throws {
    let ledger = try await RunningLedger(terms: terms())
    let device = try Device()
    try device.addTrace()
    let token = try Invitation.issue(by: ledger.store.signer, expires: .max / 2).token
    let report = try await device.synchronizer(ledger.url, invitation: token).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    try await ledger.stop()
  }

  @Test func `a policy that the log did not sign is not worked for`() async throws {
    let ledger = try await RunningLedger(terms: terms(bits: 3))
    let interposer = try Interposer(
      port: ledger.port,
      tamper: { request, answer in
        guard request.requestLine.hasPrefix("GET /v1/policy") else { return .bytes(answer) }
        let text = String(decoding: answer, as: UTF8.self)
        return .bytes(Array(text.replacing("bits=3", with: "bits=0").utf8))
      })
    let device = try Device()
    try device.addTrace()
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .distrusted)
    #expect(report.sentences.contains { $0.hasPrefix("The ledger's policy is not to be believed") })
    #expect(report.waitingTraces == 1)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `terms that changed meanwhile are worked for anew`() async throws {
    let folder = try TemporaryFolder()
    var ledger = try await RunningLedger(folder: folder, terms: terms(bits: 1))
    let old = try await LedgerClient.connect(to: ledger.url) { try await $0.policyNote().encoded }
    try await ledger.stop()
    ledger = try await RunningLedger(folder: folder, terms: terms(bits: 2))
    let asked = Mutex(0)
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { request in
        guard request.requestLine.hasPrefix("GET /v1/policy") else { return nil }
        let isFirst = asked.withLock { count in
          count += 1
          return count == 1
        }
        return isFirst ? HostileServer.answer(200, old) : nil
      })
    let device = try Device()
    try device.addTrace()
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(asked.withLock { $0 } == 2)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `work that is cancelled ends and nothing is lost`() async throws {
    let ledger = try await RunningLedger(terms: terms(bits: 30))
    let interposer = try Interposer(port: ledger.port)
    let device = try Device()
    try device.addTrace()
    let synchronizer = try device.synchronizer(
      interposer.url, workLimits: WorkLimits(memory: 1, total: .max))
    let sync = Task { try await synchronizer.sync() }
    while !interposer.requests.contains(where: { $0.requestLine.hasPrefix("GET /v1/policy") }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    sync.cancel()
    await #expect(throws: CancellationError.self) { try await sync.value }
    #expect(try device.store.statistics().waiting == 1)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a queue above its quota waits as long as it is told to and loses nothing`()
    async throws
  {
    let folder = try TemporaryFolder()
    var ledger = try await RunningLedger(folder: folder, terms: terms(.open, leaves: 1))
    let device = try Device()
    let count = LedgerLimits.tracesPerBatch + 3
    for _ in 0..<count { try device.addTrace() }
    let clock = ManualClock()
    let report = try await device.synchronizer(ledger.url, clock: clock.clock).sync()
    #expect(report.outcome == .later)
    #expect(report.receiptedBatches == 1)
    #expect(report.waitingTraces == 3)
    let wait = try #require(report.nextAttempt) - clock.now
    #expect((3500...3600).contains(wait), "\(wait)")
    #expect(report.sentences.contains("The ledger asks for fewer requests (HTTP 429)."))
    clock.advance(60)
    let early = try await device.synchronizer(ledger.url, clock: clock.clock).sync()
    #expect(early.sentences.first?.hasPrefix("The ledger asked to wait.") == true)
    #expect(try await ledger.contents().headers.count == 1)

    // An hour of the ledger is longer than a test: its operator gives more room instead.
    let port = ledger.port
    try await ledger.stop()
    ledger = try await RunningLedger(folder: folder, port: port, terms: terms(.open, leaves: 9))
    clock.advance(wait)
    let done = try await device.synchronizer(ledger.url, clock: clock.clock).sync()
    #expect(done.outcome == .complete, "\(done.sentences)")
    #expect(try device.count(.receipted) == count)
    #expect(try await ledger.contents().headers.count == 2)
    try await ledger.stop()
  }

  @Test func `a contributor is admitted with the claim, and told of copies`() async throws {
    let ledger = try await RunningLedger(terms: terms())
    let log = ledger.store.verifier
    let folder = try TemporaryFolder()
    let text = "The keeper of the lock counted ninety barges on one day in the spring of 1852."
    try text.write(toFile: folder.path + "/a.md", atomically: true, encoding: .utf8)
    let shards = try ["Ada", "Bob"].map { name in
      let identity = try ContributorIdentity(name: name)
      let shard = try ShardPacker.pack(
        directory: folder.path, name: name, license: "CC0-1.0", identity: identity)
      return (identity: identity, manifest: shard.manifest)
    }
    let document = DocumentFingerprint(text)
    let held = try await LedgerClient.connect(to: ledger.url) { client in
      await #expect(throws: LedgerRefusal.self) {
        try await client.registerShard(
          shards[0].manifest, documents: [document], identity: shards[1].identity, log: log)
      }
      var held: [ShardMessage] = []
      for shard in shards {
        held.append(
          try await client.registerShard(
            shard.manifest, documents: [document], identity: shard.identity, log: log))
      }
      return held
    }
    #expect(held[0].copies == [])
    #expect(held[1].copies?.map(\.contributor) == [shards[0].identity.publicKey.hex])
    #expect(held[1].copies?.map(\.document) == [document.digest.hex])
    try await ledger.stop()
  }
}
