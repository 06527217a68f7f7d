import Corpus
import Foundation
import Ledger
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import LedgerSync

/// Agents, a ledger and witnesses as they run: the witnesses are processes.
@Suite struct WitnessedLedgerTests {
  /// A log's folder and the witnesses that know its key.
  private struct Setting {
    let folder: TemporaryFolder
    let witnesses: [WitnessProcess]

    init(_ count: Int) throws {
      let folder = try TemporaryFolder()
      let key = try LedgerKey.loadOrCreate(in: folder.path, origin: RunningLedger.origin).verifier
      self.folder = folder
      witnesses = try (0..<count).map { try WitnessProcess("w\($0 + 1)", log: key) }
    }

    func settings(quorum: Int) -> Witnesses.Settings {
      .init(witnesses.map { ($0.url, $0.verifier) }, quorum: quorum, timeout: .seconds(10))
    }

    func policy(_ quorum: Int) throws -> WitnessPolicy {
      try WitnessPolicy(witnesses: witnesses.map(\.verifier), quorum: quorum)
    }

    /// A copy of the log's folder at this moment, with its key.
    func copy() throws -> TemporaryFolder {
      let copy = try TemporaryFolder()
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        try FileManager.default.copyItem(
          atPath: folder.path + "/" + name, toPath: copy.path + "/" + name)
      }
      return copy
    }
  }

  @Test func `two of three are enough, and the receipt stays the same to the byte`() async throws {
    let setting = try Setting(3)
    setting.witnesses[1].kill()
    var ledger = try await RunningLedger(
      folder: setting.folder, witnesses: setting.settings(quorum: 2))
    let device = try Device()
    let trace = try device.addTrace()
    let report = try await device.synchronizer(ledger.url, witnesses: setting.policy(2)).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    let kept = try #require(try device.store.load(trace.id)?.entry.receipt)
    let note = try LogProof(encoded: Array(kept.proof.utf8)).note
    #expect(
      try setting.policy(2).check(note, now: SyncClock.system.now()) == .valid(["w1", "w3"]))

    // The same batch again, with the third witness back, and after a restart.
    try setting.witnesses[1].restart()
    let payload = try await LedgerClient.connect(to: ledger.url) { try await $0.payload(0) }
    let batch = BatchSubmission(signedHeader: kept.signedHeader, payload: payload)
    for _ in 0..<2 {
      let again = try await LedgerClient.connect(to: ledger.url) { try await $0.submit(batch) }
      #expect(again.encoded == kept.proof)
      try await ledger.stop()
      ledger = try await RunningLedger(
        folder: setting.folder, witnesses: setting.settings(quorum: 2))
    }
    // Agents that ask for all three get them for what comes next.
    try device.addTrace()
    let all = try await device.synchronizer(ledger.url, witnesses: setting.policy(3)).sync()
    #expect(all.outcome == .complete, "\(all.sentences)")
    try await ledger.stop()
  }

  @Test func `a ledger that was restarted knows where its witnesses are`() async throws {
    let setting = try Setting(1)
    let witness = setting.witnesses[0]
    let between = try Interposer(port: witness.port)
    defer { between.stop() }
    for round in 1...3 {
      let ledger = try await RunningLedger(
        folder: setting.folder,
        witnesses: .init([(between.url, witness.verifier)], timeout: .seconds(10)))
      let device = try Device()
      try device.addTrace()
      let report = try await device.synchronizer(ledger.url, witnesses: setting.policy(1)).sync()
      #expect(report.outcome == .complete, "\(report.sentences)")
      try await ledger.stop()
      // One request for each checkpoint, that of the empty log included: none is answered with the
      // witness's size alone.
      #expect(between.requests.count == round + 1)
    }
  }

  @Test func `below the quorum no receipt is given, and nothing is lost`() async throws {
    let setting = try Setting(2)
    var ledger = try await RunningLedger(
      folder: setting.folder, witnesses: setting.settings(quorum: 2))
    let device = try Device()
    setting.witnesses[0].kill()
    try device.addTrace()
    let refused = try await device.synchronizer(ledger.url, witnesses: setting.policy(2)).sync()
    #expect(refused.outcome == .later)
    #expect(try device.count(.sent) == 1)
    // It is logged all the same, once, also over a restart.
    #expect(try await ledger.contents().headers.count == 1)
    try await ledger.stop()
    ledger = try await RunningLedger(
      folder: setting.folder, port: ledger.port, witnesses: setting.settings(quorum: 2))
    let other = try Device()
    try other.addTrace()
    #expect(
      try await other.synchronizer(ledger.url, witnesses: setting.policy(2)).sync().outcome
        == .later)

    try setting.witnesses[0].restart()
    // The ledger asks a witness that failed again after a pause of some seconds.
    for waiting in [device, other] {
      var outcome = SyncReport.Outcome.later
      for _ in 0..<100 where outcome != .complete {
        try await Task.sleep(for: .milliseconds(200))
        outcome = try await waiting.synchronizer(ledger.url, witnesses: setting.policy(2)).sync()
          .outcome
      }
      #expect(outcome == .complete)
    }
    #expect(try await ledger.contents().headers.count == 2)
    try await ledger.stop()
  }

  /// Leaves of the honest history and of the other one after the point where they part, and what
  /// the witnesses therefore say: two roots of one size, a proof that fails, a log that went back.
  @Test(arguments: [(1, 1), (1, 3), (3, 1)])
  func `two histories are caught by witnesses, and by an agent who knows one of them`(
    honestLeaves: Int, forkedLeaves: Int
  ) async throws {
    let setting = try Setting(2)
    let (policy, settings) = (try setting.policy(2), setting.settings(quorum: 2))
    var honest = try await RunningLedger(folder: setting.folder, witnesses: settings)
    let first = try Device()
    try first.addTrace()
    #expect(try await first.synchronizer(honest.url, witnesses: policy).sync().outcome == .complete)
    try await honest.stop()
    let fork = try setting.copy()
    honest = try await RunningLedger(
      folder: setting.folder, port: honest.port, witnesses: settings)
    for _ in 0..<honestLeaves {
      try first.addTrace()
      #expect(
        try await first.synchronizer(honest.url, witnesses: policy).sync().outcome == .complete)
    }
    try await honest.stop()

    var forked = try await RunningLedger(folder: fork)
    for _ in 1..<forkedLeaves {
      let deceived = try Device()
      try deceived.addTrace()
      #expect(try await deceived.synchronizer(forked.url).sync().outcome == .complete)
    }
    try await forked.stop()
    // It asks the witnesses, and gives receipts whatever they say, to agents who know nothing.
    forked = try await RunningLedger(
      folder: fork, port: honest.port, witnesses: setting.settings(quorum: 0))
    let careful = try Device()
    try careful.addTrace()
    let report = try await careful.synchronizer(
      forked.url, witnesses: setting.policy(1)
    ).sync()
    #expect(report.outcome == .distrusted, "\(report.sentences)")
    #expect(report.sentences.contains { $0.contains("found 0 of") })
    #expect(try careful.count(.receipted) == 0)
    // Who saw the honest history needs no witness to notice.
    try first.addTrace()
    #expect(try await first.synchronizer(forked.url).sync().outcome == .distrusted)
    try await forked.stop()
    for witness in setting.witnesses {
      let evidence = try? FileManager.default.contentsOfDirectory(
        atPath: witness.folder.path + "/evidence")
      #expect((evidence ?? []).count == (honestLeaves == forkedLeaves ? 1 : 0))
    }
  }

  @Test func `a witness follows a log that does not ask it, and keeps what shows a fork`()
    async throws
  {
    let setting = try Setting(0)
    var ledger = try await RunningLedger(folder: setting.folder)
    let witness = try WitnessProcess("w", log: ledger.store.verifier, follow: ledger.url)
    let port = ledger.port
    for size in UInt64(1)...2 {
      let device = try Device()
      try device.addTrace()
      #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
      #expect(try await eventually { Self.cosignedSize(at: witness) == size })
    }
    try await ledger.stop()

    // Another history of the same size, by the same key, at the same address.
    let fork = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: setting.folder.path + "/log.key", toPath: fork.path + "/log.key")
    ledger = try await RunningLedger(folder: fork, port: port)
    for _ in 1...2 {
      let device = try Device()
      try device.addTrace()
      #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    }
    let evidence = witness.folder.path + "/evidence"
    let isFound = try await eventually {
      (try? FileManager.default.contentsOfDirectory(atPath: evidence))?.count == 1
    }
    #expect(isFound)
    #expect(Self.cosignedSize(at: witness) == 2)
    try await ledger.stop()
  }

  /// Whether something comes true within some seconds.
  private func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<150 where !condition() { try await Task.sleep(for: .milliseconds(100)) }
    return condition()
  }

  /// The size of the last checkpoint that a witness shows with its cosignature.
  private static func cosignedSize(at witness: WitnessProcess) -> UInt64? {
    guard let connection = Sockets.connect(port: witness.port) else { return nil }
    defer { close(connection) }
    let name = Digest(sha256: Array(RunningLedger.origin.utf8)).hex
    let request = "GET /\(name)/checkpoint HTTP/1.1\r\nhost: localhost\r\n\r\n"
    guard Sockets.write(connection, Array(request.utf8)),
      let answer = Sockets.readMessage(connection),
      let note = try? SignedNote(encoded: answer.httpBody),
      case .valid = witness.verifier.verify(note)
    else { return nil }
    return try? Checkpoint(text: note.text).size
  }
}
