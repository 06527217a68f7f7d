import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import Testing
import Trace

@testable import LedgerSync

/// Ledgers that are down, slow, overloaded or no ledgers at all: nothing is lost, and the report
/// says what happened and when it goes on.
@Suite struct TroubleTests {
  private func report(
    _ reaction: HostileServer.Reaction, timeout: Duration = .seconds(20),
    clock: ManualClock = ManualClock()
  ) async throws -> SyncReport {
    let server = try HostileServer { _ in reaction }
    defer { server.stop() }
    let device = try Device()
    try device.addTrace()
    let report = try await device.synchronizer(
      server.url, timeout: timeout, clock: clock.clock
    ).sync()
    #expect(report.waitingTraces == 1)
    #expect(try device.store.statistics().waiting == 1)
    return report
  }

  @Test func `a ledger that is down is tried again later, and the words say when`() async throws {
    let server = try HostileServer { _ in .hangUp }
    server.stop()
    let device = try Device()
    try device.addTrace()
    let clock = ManualClock()
    let report = try await device.synchronizer(server.url, clock: clock.clock).sync()
    #expect(report.outcome == .later)
    #expect(report.exitCode == 75)
    #expect(report.sentences.first == "The ledger cannot be reached: connection refused.")
    #expect(
      report.sentences.last
        == "1 trace waits here; nothing is lost. The next try is due in 2 seconds (11:06:42 UTC).")
    #expect(report.nextAttempt == clock.now + 2)
  }

  @Test func `a silent ledger is given up after the time limit`() async throws {
    let report = try await report(.silence, timeout: .seconds(1))
    #expect(report.outcome == .later)
    #expect(report.sentences.first == "The ledger did not answer within 1 second.")
  }

  @Test func `a ledger that drips its answer is given up after the time limit`() async throws {
    let head = Array("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".utf8)
    let drip = HostileServer.Reaction.drip(
      head + [UInt8](repeating: 0x61, count: 100_000), every: .milliseconds(20))
    let report = try await report(drip, timeout: .seconds(2))
    #expect(report.outcome == .later)
    #expect(report.sentences.first?.contains("did not answer") == true)
  }

  @Test(arguments: [
    HostileServer.Reaction.hangUp,
    .bytes([UInt8](repeating: 0, count: 1000)),
    .bytes(Array("SSH-2.0-OpenSSH\r\n".utf8)),
    HostileServer.answer(200, "<html>welcome</html>"),
    HostileServer.answer(200, ""),
    HostileServer.answer(200, [0xff, 0xfe]),
    HostileServer.answer(302, "", headers: ["location: http://127.0.0.1:9/"]),
    HostileServer.answer(403, "<html>sign in to the network</html>"),
    HostileServer.answer(404, "not here"),
    HostileServer.answer(500, "oops"),
    HostileServer.answer(502, ""),
    HostileServer.answer(200, [UInt8](repeating: 0x61, count: 3_000_000)),
    .bytes(Array("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort".utf8)),
  ]) func `garbage and failures of all kinds mean later`(reaction: HostileServer.Reaction)
    async throws
  {
    let report = try await report(reaction, timeout: .seconds(2))
    #expect(report.outcome == .later, "\(report.sentences)")
    #expect(report.nextAttempt != nil)
    #expect(report.sentences.count == 2)
  }

  @Test func `an answer that asks to wait is obeyed, also by a person in a hurry`() async throws {
    let server = try HostileServer { _ in
      HostileServer.answer(429, "", headers: ["retry-after: 120"])
    }
    defer { server.stop() }
    let device = try Device()
    try device.addTrace()
    let clock = ManualClock()
    let first = try await device.synchronizer(server.url, clock: clock.clock).sync()
    #expect(first.outcome == .later)
    #expect(first.nextAttempt == clock.now + 120)
    #expect(
      first.sentences == [
        "The ledger asks for fewer requests (HTTP 429).",
        "1 trace waits here; nothing is lost. The next try is due in 2 minutes (11:08:40 UTC).",
      ])
    // Another process finds the time on the disk.
    clock.advance(60)
    let again = try await Device(folder: device.folder)
      .synchronizer(server.url, clock: clock.clock).sync()
    #expect(again.outcome == .later)
    #expect(again.sentences.first?.hasPrefix("The ledger asked to wait.") == true)
    #expect(server.requests.count == 1)
    clock.advance(61)
    _ = try await device.synchronizer(server.url, clock: clock.clock).sync()
    #expect(server.requests.count == 2)
  }

  @Test func `a schedule keeps to the time of the next attempt, a person need not`() async throws {
    let server = try HostileServer { _ in HostileServer.answer(500, "") }
    defer { server.stop() }
    let device = try Device()
    try device.addTrace()
    let synchronizer = try device.synchronizer(server.url, clock: ManualClock().clock)
    _ = try await synchronizer.sync(trigger: .schedule)
    #expect(server.requests.count == 1)
    #expect(try await synchronizer.sync(trigger: .schedule).outcome == .later)
    #expect(server.requests.count == 1)
    _ = try await synchronizer.sync(trigger: .person)
    #expect(server.requests.count == 2)
  }

  @Test func `the loop waits longer after each failure and drains when the ledger is back`()
    async throws
  {
    let ledger = try await RunningLedger()
    let answers = Mutex(0)
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { _ in
        answers.withLock { count in
          count += 1
          return count <= 5 ? HostileServer.answer(503, "") : nil
        }
      })
    let device = try Device()
    try device.addTrace()
    let clock = ManualClock(limit: 7)
    let outcomes = Mutex<[SyncReport.Outcome]>([])
    let synchronizer = try device.synchronizer(interposer.url, clock: clock.clock)
    await synchronizer.run(every: 60) { report in
      outcomes.withLock { $0.append(report.outcome) }
    }
    #expect(clock.sleeps == [2, 4, 8, 16, 32, 60, 60])
    #expect(
      outcomes.withLock { $0 } == [
        .later, .later, .later, .later, .later, .complete, .nothingToSend,
      ])
    #expect(try device.count(.receipted) == 1)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `the loop ends when its task is cancelled, even during a request`() async throws {
    let server = try HostileServer { _ in .silence }
    defer { server.stop() }
    let device = try Device()
    try device.addTrace()
    let synchronizer = try device.synchronizer(server.url)
    let loop = Task { await synchronizer.run(every: 60) { _ in } }
    while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    loop.cancel()
    await loop.value
    #expect(try device.store.ledger(server.url) == nil)
  }

  @Test func `an answer lost on its way changes nothing: the batch is logged once`() async throws {
    let ledger = try await RunningLedger()
    let lost = Mutex(0)
    let interposer = try Interposer(
      port: ledger.port,
      tamper: { request, answer in
        guard request.isBatch else { return .bytes(answer) }
        return lost.withLock { count in
          count += 1
          return count <= 2 ? .hangUp : .bytes(answer)
        }
      })
    let device = try Device()
    try device.addTrace()
    for _ in 0..<2 {
      let report = try await device.synchronizer(interposer.url).sync()
      #expect(report.outcome == .later)
      #expect(try device.count(.sent) == 1)
      try device.addTrace()
    }
    #expect(try await device.synchronizer(interposer.url).sync().outcome == .complete)
    let batches = interposer.requests.filter(\.isBatch).map(\.httpBody)
    #expect(batches.count == 4)
    #expect(Set(batches.prefix(3)).count == 1, "resent verbatim")
    #expect(try await ledger.contents().headers.count == 2)
    #expect(try device.count(.receipted) == 3)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a refused batch is put aside alone and the others go on`() async throws {
    let ledger = try await RunningLedger()
    let refused = Mutex(false)
    let words = LedgerRefusal(
      .invalidTrace, field: "traces[0].shares", found: "x", expected: "y")
    let body = Array(try JSONEncoder().encode(words))
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { request in
        guard request.isBatch, !refused.withLock({ $0 }) else { return nil }
        refused.withLock { $0 = true }
        return HostileServer.answer(422, body)
      })
    let device = try Device()
    let bad = try device.addTrace()
    let log = ledger.store.verifier
    #expect(try device.store.sealPending(for: log, identity: device.identity, now: 1))
    try device.addTrace()
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .complete)
    #expect(report.exitCode == 65)
    #expect(report.quarantinedTraces == 1)
    #expect(report.receiptedTraces == 1)
    #expect(report.sentences.contains { $0.contains("invalid-trace: traces[0].shares") })
    let entry = try #require(try device.store.load(bad.id)?.entry)
    #expect(entry.state == .quarantined)
    #expect(entry.refusal?.contains("invalid-trace") == true)
    // The header alone keeps the chain whole: two leaves, one with content.
    let contents = try await ledger.contents()
    #expect(contents.headers.count == 2)
    #expect(contents.payloads.count == 1)

    // Put back into the queue, the trace is logged in another batch.
    #expect(try device.store.requeueQuarantined() == 1)
    #expect(try await device.synchronizer(interposer.url).sync().outcome == .complete)
    #expect(try device.count(.receipted) == 2)
    #expect(try await ledger.contents().headers.count == 3)
    interposer.stop()
    try await ledger.stop()
  }
}
