import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import LedgerSync

@Suite struct SynchronizerTests {
  @Test func `traces reach the log, and only a verified receipt deletes what was sent`()
    async throws
  {
    let ledger = try await RunningLedger()
    let device = try Device()
    let ada = try ContributorIdentity(name: "Ada").publicKey
    let traces = try (0..<3).map { _ in try device.addTrace(contributor: ada) }
    let report = try await device.synchronizer(ledger.url).sync()
    #expect(report.outcome == .complete)
    #expect(report.exitCode == 0)
    #expect(report.receiptedTraces == 3)
    #expect(report.waitingTraces == 0)
    #expect(report.nextAttempt == nil)
    #expect(
      report.sentences.last
        == "3 traces in 1 batch are in the log test.example/log; the receipt is verified.")
    #expect(try device.count(.receipted) == 3)

    // The trace stays with its receipt, and the receipt can be checked by anybody.
    let loaded = try #require(try device.store.load(traces[1].id))
    #expect(loaded.storedBytes == traces[1].storedBytes)
    let receipt = try #require(loaded.entry.receipt)
    let verdict = try LogProof(encoded: Array(receipt.proof.utf8)).verify(
      entry: receipt.signedHeader, by: ledger.store.verifier)
    guard case .valid = verdict else {
      Issue.record("\(verdict)")
      return
    }
    let kept = try await device.store.pool.read { database in
      try Int.fetchOne(
        database,
        sql: """
          SELECT (SELECT count(*) FROM batches WHERE payload IS NOT NULL)
            + (SELECT count(*) FROM traces WHERE public IS NOT NULL)
          """)
    }
    #expect(kept == 0)
    let statement = try await LedgerClient.connect(to: ledger.url) { client in
      try await client.statement(of: ada)
    }
    #expect(statement.sharePPM == 999_999)
    #expect(statement.answers == 3)
    try await ledger.stop()
  }

  @Test func `with nothing to send the ledger is left alone`() async throws {
    let server = try HostileServer { _ in .hangUp }
    let device = try Device()
    let report = try await device.synchronizer(server.url).sync()
    #expect(report.outcome == .nothingToSend)
    #expect(server.requests.isEmpty)
    server.stop()
  }

  @Test func `two agents share a log and both get their receipts`() async throws {
    let ledger = try await RunningLedger()
    let (one, two) = (try Device(), try Device())
    for _ in 0..<3 {
      try one.addTrace()
      try two.addTrace()
      async let first = one.synchronizer(ledger.url).sync()
      async let second = two.synchronizer(ledger.url).sync()
      #expect(try await first.outcome == .complete)
      #expect(try await second.outcome == .complete)
    }
    #expect(try await ledger.contents().headers.count == 6)
    try await ledger.stop()
  }

  @Test func `two processes of one person do not get in each other's way`() async throws {
    let ledger = try await RunningLedger()
    let folder = try TemporaryFolder()
    let (ask, agent) = (try Device(folder: folder), try Device(folder: folder))
    for _ in 0..<4 {
      try ask.addTrace()
      try agent.addTrace()
      async let first = ask.synchronizer(ledger.url).sync()
      async let second = agent.synchronizer(ledger.url).sync()
      _ = try await (first, second)
    }
    _ = try await ask.synchronizer(ledger.url).sync()
    #expect(try ask.count(.receipted) == 8)
    let payloads = try await ledger.contents()
    let ids = try zip(payloads.headers, payloads.payloads).flatMap {
      try Batch.verify(signedHeader: $0, payload: $1).traces.map(\.id)
    }
    #expect(ids.count == 8)
    #expect(Set(ids).count == 8)
    try await ledger.stop()
  }

  @Test func `the log goes on after the ledger was restarted`() async throws {
    let folder = try TemporaryFolder()
    let device = try Device()
    var port = 0
    for round in 1...3 {
      let ledger = try await RunningLedger(folder: folder, port: port)
      port = ledger.port
      try device.addTrace()
      let report = try await device.synchronizer(ledger.url).sync()
      #expect(report.outcome == .complete, "\(report.sentences)")
      #expect(try await ledger.contents().headers.count == round)
      try await ledger.stop()
    }
    #expect(try device.count(.receipted) == 3)
  }

  @Test func `a ledger that forgot the agent is told again who it is`() async throws {
    let ledger = try await RunningLedger()
    let device = try Device()
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    try await ledger.forgetAgents()
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    try await ledger.stop()
  }

  @Test func `a dry run shows the very bytes that leave, and nothing private is among them`()
    async throws
  {
    let ledger = try await RunningLedger()
    let interposer = try Interposer(port: ledger.port)
    let device = try Device()
    for _ in 0..<3 { try device.addTrace() }
    let synchronizer = try device.synchronizer(
      interposer.url, logKey: ledger.store.verifier.vkey)
    let preview = try await synchronizer.sync(dryRun: true)
    #expect(preview.outcome == .dryRun)
    #expect(interposer.requests.isEmpty)
    #expect(try await synchronizer.sync(dryRun: true) == preview)

    #expect(try await synchronizer.sync().outcome == .complete)
    let sent = interposer.requests
    #expect(
      sent.map(\.requestLine)
        == preview.requests.map { request in
          "\(request.method) \(request.url.dropFirst(interposer.url.count)) HTTP/1.1"
        })
    #expect(sent.map(\.httpBody) == preview.requests.map(\.body))
    try expectNoCanary(sent)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a dry run before the first contact shows the public parts`() async throws {
    let device = try Device()
    let trace = try device.addTrace()
    let preview = try await device.synchronizer("http://127.0.0.1:9").sync(dryRun: true)
    #expect(preview.requests.map(\.method) == ["GET", "GET", "POST"])
    #expect(preview.requests.last?.body == trace.publicBytes)
    #expect(try device.count(.pending) == 1)
  }

  @Test func `no word of question, answer, document or name is ever sent`() async throws {
    let ledger = try await RunningLedger()
    let interposer = try Interposer(port: ledger.port)
    let device = try Device()
    for _ in 0..<3 {
      for _ in 0..<5 { try device.addTrace() }
      #expect(try await device.synchronizer(interposer.url).sync().outcome == .complete)
    }
    #expect(interposer.requests.filter(\.isBatch).count == 3)
    try expectNoCanary(interposer.requests)
    interposer.stop()
    try await ledger.stop()
  }

  /// Looks at the captured bytes, and at what the batches among them hold once unpacked.
  private func expectNoCanary(_ requests: [[UInt8]]) throws {
    var texts = requests
    for request in requests where request.isBatch {
      let submission = try BatchSubmission.decode(request.httpBody)
      let header = try BatchHeader.verify(submission.signedHeader)
      let payload = try #require(submission.payload)
      texts += try Batch.openPayload(payload, expecting: header)
    }
    #expect(texts.count > requests.count)
    for text in texts {
      for canary in Device.canaries {
        #expect(!text.contains(text: canary))
        #expect(!text.contains(text: Data(canary.utf8).base64EncodedString()))
        #expect(!text.contains(text: Hex.encode(Array(canary.utf8))))
      }
    }
  }
}
