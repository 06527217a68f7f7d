import Foundation
import LedgerTestSupport
import LedgerWire
import Testing

@testable import LedgerSync

/// More traces than one batch takes: full batches go together.
@Suite struct BacklogTests {
  private static let group = "POST /v1/batches/group HTTP/1.1"
  private static let batch = "POST /v1/batches HTTP/1.1"

  private func device(traces: Int) throws -> Device {
    let device = try Device()
    for _ in 0..<traces { try device.addTrace() }
    return device
  }

  private func batchRequests(_ interposer: Interposer) -> [String] {
    interposer.requests.filter(\.isBatch).map(\.requestLine)
  }

  @Test func `full batches go in one request, and what is left in another`() async throws {
    let ledger = try await RunningLedger()
    let interposer = try Interposer(port: ledger.port)
    let device = try device(traces: 3 * 64 + 5)
    let synchronizer = try device.synchronizer(interposer.url)
    let report = try await synchronizer.sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.receiptedBatches == 4)
    #expect(report.sentBatches == 4)
    #expect(report.receiptedTraces == 197)
    #expect(batchRequests(interposer) == [Self.group, Self.batch])
    #expect(try await ledger.contents().headers.count == 4)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a ledger that knows no groups gets one batch after the other`() async throws {
    let ledger = try await RunningLedger()
    let words = Array(
      try JSONEncoder().encode(
        LedgerRefusal(.notFound, field: "path", found: "x", expected: "a path of the API")))
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { $0.requestLine == Self.group ? HostileServer.answer(404, words) : nil })
    let device = try device(traces: 2 * 64)
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(batchRequests(interposer) == [Self.group, Self.batch, Self.batch])
    #expect(report.sentBatches == 2)
    #expect(try await ledger.contents().headers.count == 2)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `one that is refused in a group is asked for alone, and nothing is logged twice`()
    async throws
  {
    let ledger = try await RunningLedger()
    let interposer = try Interposer(
      port: ledger.port,
      tamper: { request, answer in
        guard request.requestLine == Self.group,
          var message = try? JSONDecoder().decode(GroupMessage.self, from: Data(answer.httpBody))
        else { return .bytes(answer) }
        message.outcomes[1] = GroupMessage.Outcome(
          refusal: LedgerRefusal(.busy, field: "queue", found: "many", expected: "fewer"))
        return HostileServer.answer(200, Array((try? JSONEncoder().encode(message)) ?? Data()))
      })
    let device = try device(traces: 3 * 64)
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.receiptedTraces == 192)
    #expect(batchRequests(interposer) == [Self.group, Self.batch, Self.batch])
    #expect(try await ledger.contents().headers.count == 3)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a dry run shows the group as it will be sent`() async throws {
    let ledger = try await RunningLedger()
    let interposer = try Interposer(port: ledger.port)
    let device = try device(traces: 1)
    let synchronizer = try device.synchronizer(interposer.url)
    #expect(try await synchronizer.sync().outcome == .complete)
    for _ in 0..<2 * 64 { try device.addTrace() }
    let foretold = try await synchronizer.sync(dryRun: true).requests.filter {
      $0.method == "POST"
    }
    #expect(foretold.map(\.url) == [interposer.url + "/v1/batches/group"])
    #expect(try await synchronizer.sync().outcome == .complete)
    #expect(interposer.requests.filter(\.isBatch).last?.httpBody == foretold.last?.body)
    interposer.stop()
    try await ledger.stop()
  }
}
