import Foundation
import LedgerWire
import Testing
import TransparencyLog

@testable import LedgerSync

/// An agent that listens to witnesses, and receipts with more and with less than they signed.
@Suite struct WitnessPolicyTests {
  /// The signature lines that some of the witnesses put below a checkpoint's text.
  typealias Lines = @Sendable ([CosignatureSigner], String) throws -> [SignedNote.Signature]

  /// Somebody before the ledger who adds signature lines to checkpoints and receipts.
  private struct Cosigned {
    let ledger: RunningLedger
    let witnesses: [CosignatureSigner]
    let interposer: Interposer

    init(
      _ ledger: RunningLedger, receipts: @escaping Lines,
      checkpoints: @escaping Lines = { _, _ in [] }
    ) throws {
      let witnesses = try ["w1", "w2", "w3"].map { try CosignatureSigner(name: $0, key: .init()) }
      self.ledger = ledger
      self.witnesses = witnesses
      interposer = try Interposer(
        port: ledger.port,
        tamper: { request, answer in
          do {
            if request.isBatch {
              return try Self.cosign(receipt: answer.httpBody) { try receipts(witnesses, $0) }
            }
            if request.requestLine.hasPrefix("GET /v1/checkpoint") {
              let note = try SignedNote(encoded: answer.httpBody)
              let cosigned = note.adding(try checkpoints(witnesses, note.text))
              return HostileServer.answer(200, cosigned.encoded)
            }
          } catch {
            return HostileServer.answer(500, "\(error)")
          }
          return .bytes(answer)
        })
    }

    private static func cosign(
      receipt: [UInt8], _ lines: (String) throws -> [SignedNote.Signature]
    ) throws -> HostileServer.Reaction {
      var message = try JSONDecoder().decode(ReceiptMessage.self, from: Data(receipt))
      let proof = try LogProof(encoded: Array(message.proof.utf8))
      let note = proof.note.adding(try lines(proof.note.text))
      message.proof = LogProof(leafIndex: proof.leafIndex, path: proof.path, note: note).encoded
      return HostileServer.answer(200, Array(try JSONEncoder().encode(message)))
    }

    func policy(_ quorum: Int) throws -> WitnessPolicy {
      try WitnessPolicy(witnesses: witnesses.map(\.verifier), quorum: quorum)
    }
  }

  private static func sign(
    _ witnesses: ArraySlice<CosignatureSigner>, _ text: String,
    time: Int = SyncClock.system.now()
  ) throws -> [SignedNote.Signature] {
    try witnesses.map { try $0.sign(checkpoint: text, time: UInt64(time)) }
  }

  @Test func `receipts with enough cosignatures are taken, and kept with them`() async throws {
    let ledger = try await RunningLedger()
    let cosigned = try Cosigned(ledger, receipts: { try Self.sign($0[1...], $1) })
    let device = try Device()
    let trace = try device.addTrace()
    let report = try await device.synchronizer(
      cosigned.interposer.url, witnesses: cosigned.policy(2)
    ).sync()
    #expect(report.outcome == .complete)
    let kept = try #require(try device.store.load(trace.id)?.entry.receipt)
    let note = try LogProof(encoded: Array(kept.proof.utf8)).note
    #expect(
      try cosigned.policy(2).check(note, now: SyncClock.system.now()) == .valid(["w2", "w3"]))
    cosigned.interposer.stop()
    try await ledger.stop()
  }

  @Test func `a receipt below the quorum is refused, and the batch waits`() async throws {
    let ledger = try await RunningLedger()
    let device = try Device()
    try device.addTrace()
    let forgeries: [Lines] = [
      { _, _ in [] },
      { try Self.sign($0[..<1], $1) },
      // One witness twice, a stranger of a witness's name, and a witness on another checkpoint.
      { try Self.sign($0[..<1], $1) + Self.sign($0[..<1], $1) },
      { try Self.sign($0[..<1] + [CosignatureSigner(name: "w2", key: .init())], $1) },
      { try Self.sign($0[..<1], $1) + Self.sign($0[1..<2], $1 + "extension\n") },
      { try Self.sign($0[..<1], $1) + Self.sign($0[1..<2], $1, time: 5_000_000_000) },
    ]
    for (index, forgery) in forgeries.enumerated() {
      let cosigned = try Cosigned(ledger, receipts: forgery)
      let report = try await device.synchronizer(
        cosigned.interposer.url, logKey: ledger.store.verifier.vkey, witnesses: cosigned.policy(2)
      ).sync()
      #expect(report.outcome == .distrusted, "forgery \(index)")
      #expect(report.exitCode == 77)
      let sentence = try #require(report.sentences.first { $0.contains("without witnesses") })
      if index == 1 {
        #expect(
          sentence.contains(
            "found 1 of the 2 cosignatures that are demanded (found: w1; not found: w2, w3)"))
      }
      #expect(try device.count(.sent) == 1)
      #expect(try device.count(.receipted) == 0)
      cosigned.interposer.stop()
    }
    // Without a policy the same receipt is taken, as ever.
    let plain = try device.synchronizer(ledger.url, logKey: ledger.store.verifier.vkey)
    #expect(try await plain.sync().outcome == .complete)
    try await ledger.stop()
  }

  @Test func `an entry of an unwitnessed receipt is believed in a later witnessed checkpoint`()
    async throws
  {
    let ledger = try await RunningLedger()
    let device = try Device()
    let trace = try device.addTrace()
    let cosigned = try Cosigned(
      ledger, receipts: { _, _ in [] }, checkpoints: { try Self.sign($0[...], $1) })
    let other = try Device()
    try other.addTrace()
    // Its entry comes first and the other's next, so that the later checkpoint is another one.
    let refused = try Cosigned(ledger, receipts: { _, _ in [] })
    #expect(
      try await device.synchronizer(refused.interposer.url, witnesses: refused.policy(2)).sync()
        .outcome == .distrusted)
    refused.interposer.stop()
    #expect(try await other.synchronizer(ledger.url).sync().outcome == .complete)
    let report = try await device.synchronizer(
      cosigned.interposer.url, logKey: ledger.store.verifier.vkey, witnesses: cosigned.policy(2)
    ).sync()
    #expect(report.outcome == .complete)
    let kept = try #require(try device.store.load(trace.id)?.entry.receipt)
    let proof = try LogProof(encoded: Array(kept.proof.utf8))
    #expect(proof.leafIndex == 0)
    #expect(try Checkpoint(text: proof.note.text).size == 2)
    guard case .valid = proof.verify(entry: kept.signedHeader, by: ledger.store.verifier) else {
      Issue.record("the kept receipt")
      return
    }
    cosigned.interposer.stop()
    try await ledger.stop()
  }
}
