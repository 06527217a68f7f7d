import Corpus
import Foundation
import LedgerWire
import TestSupport
import Testing
import Trace

@testable import LedgerSync

/// Ledgers that lie: nothing is marked as done on the word of one.
@Suite struct TrustTests {
  @Test func `a receipt with any changed part is refused and the batch stays`() async throws {
    let ledger = try await RunningLedger()
    let device = try Device()
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    try device.addTrace()
    // Each turn changes another place of the proof in the answer.
    for place in 0..<12 {
      let interposer = try Interposer(
        port: ledger.port,
        tamper: { request, answer in
          request.isBatch ? .bytes(Self.spoil(answer, at: place)) : .bytes(answer)
        })
      let report = try await device.synchronizer(
        interposer.url, logKey: ledger.store.verifier.vkey
      ).sync()
      #expect([.distrusted, .later].contains(report.outcome), "place \(place)")
      #expect(try device.count(.receipted) == 1)
      #expect(try device.count(.sent) == 1)
      interposer.stop()
    }
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    #expect(try await ledger.contents().headers.count == 2)
    try await ledger.stop()
  }

  /// Changes one letter in that twelfth of the receipt's proof, keeping the JSON whole.
  private static func spoil(_ answer: [UInt8], at place: Int) -> [UInt8] {
    guard let start = answer.firstRange(of: Array("\"proof\":\"".utf8))?.upperBound,
      let end = answer[start...].firstIndex(of: 0x22)
    else { return answer }
    let letters = (start..<end).filter { index in
      (0x43...0x5A).contains(answer[index]) || (0x63...0x6D).contains(answer[index])
    }
    var spoiled = answer
    spoiled[letters[letters.count * place / 12]] = 0x41
    return spoiled
  }

  @Test func `a receipt for another batch is refused`() async throws {
    let ledger = try await RunningLedger()
    let (device, other) = (try Device(), try Device())
    try other.addTrace()
    let spy = try Interposer(port: ledger.port)
    #expect(try await other.synchronizer(spy.url).sync().outcome == .complete)
    let body = try #require(spy.requests.first { $0.isBatch })
    spy.stop()
    // The answer to the other agent's batch, in place of this agent's.
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { request in
        guard request.isBatch, let upstream = Sockets.connect(port: ledger.port) else {
          return nil
        }
        defer { close(upstream) }
        guard Sockets.write(upstream, body), let answer = Sockets.readMessage(upstream) else {
          return nil
        }
        return .bytes(answer)
      })
    try device.addTrace()
    let report = try await device.synchronizer(interposer.url).sync()
    #expect(report.outcome == .distrusted)
    #expect(report.exitCode == 77)
    #expect(report.sentences.contains { $0.hasPrefix("The receipt is not valid:") })
    #expect(try device.count(.sent) == 1)
    interposer.stop()
    try await ledger.stop()
  }

  @Test func `a ledger with another key than the pinned one is refused`() async throws {
    let device = try Device()
    let ledger = try await RunningLedger()
    let port = ledger.port
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    try await ledger.stop()
    let impostor = try await RunningLedger(port: port)
    try device.addTrace()
    let report = try await device.synchronizer(impostor.url).sync()
    #expect(report.outcome == .distrusted)
    #expect(report.sentences.first?.contains("not signed by the log key trusted here") == true)
    #expect(try await impostor.contents().headers.isEmpty)

    // Unless the person decides that it is a new log: what waits goes there, from sequence 0.
    try device.store.forgetLedger(impostor.url)
    #expect(try await device.synchronizer(impostor.url).sync().outcome == .complete)
    #expect(try await impostor.contents().headers.count == 1)
    #expect(try device.count(.receipted) == 2)
    try await impostor.stop()
  }

  @Test func `a key that was given is demanded from the first contact on`() async throws {
    let (ledger, other) = (try await RunningLedger(), try await RunningLedger())
    let device = try Device()
    try device.addTrace()
    let report = try await device.synchronizer(
      ledger.url, logKey: other.store.verifier.vkey
    ).sync()
    #expect(report.outcome == .distrusted)
    #expect(try device.store.ledger(ledger.url)?.vkey == nil)
    #expect(
      try await device.synchronizer(ledger.url, logKey: ledger.store.verifier.vkey).sync().outcome
        == .complete)
    try await ledger.stop()
    try await other.stop()
  }

  @Test func `a fork of the log is refused at equal and at larger size`() async throws {
    for extraLeaves in [1, 3] {
      let (honest, forked) = (try TemporaryFolder(), try TemporaryFolder())
      let device = try Device()
      let ledger = try await RunningLedger(folder: honest)
      let port = ledger.port
      try device.addTrace()
      #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
      try await ledger.stop()
      try Self.copyLog(from: honest, to: forked)

      // The history that this device sees ...
      let first = try await RunningLedger(folder: honest, port: port)
      try device.addTrace()
      #expect(try await device.synchronizer(first.url).sync().outcome == .complete)
      try await first.stop()
      // ... and the one shown to it afterwards, signed with the same key.
      let second = try await RunningLedger(folder: forked, port: port)
      for _ in 0..<extraLeaves {
        let other = try Device()
        try other.addTrace()
        #expect(try await other.synchronizer(second.url).sync().outcome == .complete)
      }
      try device.addTrace()
      let report = try await device.synchronizer(second.url).sync()
      #expect(report.outcome == .distrusted)
      #expect(
        report.sentences.first?.contains(
          extraLeaves == 1 ? "shows two histories" : "does not continue") == true)
      #expect(try device.count(.receipted) == 2)
      try await second.stop()
    }
  }

  @Test func `a log that was rewound is refused`() async throws {
    let (honest, old) = (try TemporaryFolder(), try TemporaryFolder())
    let device = try Device()
    let ledger = try await RunningLedger(folder: honest)
    let port = ledger.port
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    try await ledger.stop()
    try Self.copyLog(from: honest, to: old)
    let later = try await RunningLedger(folder: honest, port: port)
    try device.addTrace()
    #expect(try await device.synchronizer(later.url).sync().outcome == .complete)
    try await later.stop()
    let rewound = try await RunningLedger(folder: old, port: port)
    try device.addTrace()
    let report = try await device.synchronizer(rewound.url).sync()
    #expect(report.outcome == .distrusted)
    #expect(report.sentences.first?.contains("cannot prove that its log of 2 entries") == true)
    try await rewound.stop()
  }

  @Test func `a copy of an agent that goes on by itself is caught as equivocation`() async throws {
    let ledger = try await RunningLedger()
    let device = try Device()
    let copyFolder = try TemporaryFolder()
    try FileManager.default.removeItem(atPath: copyFolder.path)
    try FileManager.default.copyItem(atPath: device.folder.path, toPath: copyFolder.path)
    let copy = try Device(folder: copyFolder)
    try device.addTrace()
    try copy.addTrace()
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    let report = try await copy.synchronizer(ledger.url).sync()
    #expect(report.outcome == .held)
    #expect(report.sentences.contains { $0.contains("evidence of equivocation") })
    #expect(try copy.store.statistics().waiting == 1)
    let evidence = try await LedgerClient.connect(to: ledger.url) { client in
      try await client.equivocations()
    }
    #expect(evidence.map(\.agent) == [device.identity.publicKey.hex])
    try await ledger.stop()
  }

  private static func copyLog(from source: TemporaryFolder, to target: TemporaryFolder) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path) {
      try FileManager.default.copyItem(
        atPath: source.path + "/" + name, toPath: target.path + "/" + name)
    }
  }
}
