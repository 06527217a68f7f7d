import CBOR
import LedgerTestSupport
import TestSupport
import Testing
import TransparencyLog

@testable import Ledger
@testable import LedgerWire
@testable import Trace

/// Several batches in one request.
@Suite struct SubmissionGroupTests {
  private func group(_ bodies: [[UInt8]]) throws -> [UInt8] {
    SubmissionGroup(try bodies.map { try BatchSubmission.decode($0) }).encode()
  }

  @Test func `each batch has its own outcome, and the same one when it comes again`() async throws {
    let ledger = try TestLedger(batching: Batching(interval: .milliseconds(1), size: 3))
    var (ada, ben) = (try TestAgent("Ada"), try TestAgent("Ben"))
    try await ledger.registered(ada)
    try await ledger.registered(ben)
    var stranger = try TestAgent("stranger")
    let chain = try (0..<4).map { _ in
      let batch = try ada.batch([ada.trace(), ada.trace()])
      ada.advance(past: batch)
      return batch
    }
    let bodies = try [
      chain[0].body, ben.next([ben.trace()]), chain[1].body, stranger.next([stranger.trace()]),
      chain[2].body, chain[3].body,
    ]
    let message = try await ledger.service.submit(group: group(bodies))
    #expect(message.outcomes.count == 6)
    #expect(message.outcomes.map { $0.refusal?.error } == [nil, nil, nil, .unknownAgent, nil, nil])
    #expect(try await ledger.size() == 5)
    for (batch, outcome) in zip(chain, [0, 2, 4, 5].map { message.outcomes[$0] }) {
      let proof = try LogProof(encoded: Array(try #require(outcome.proof).utf8))
      guard case .valid = proof.verify(entry: batch.signedHeader, by: ledger.store.verifier) else {
        Issue.record("a receipt does not verify")
        continue
      }
    }
    #expect(try await ledger.service.submit(group: group(bodies)) == message)
    #expect(try await ledger.service.submit(chain[2].body).proof == message.outcomes[4].proof)
    #expect(try await ledger.size() == 5)
  }

  @Test func `what follows a refused batch of its agent is refused, and others are logged`()
    async throws
  {
    let ledger = try TestLedger()
    var (ada, ben) = (try TestAgent("Ada"), try TestAgent("Ben"))
    try await ledger.registered(ada)
    try await ledger.registered(ben)
    let batch = try ada.batch([ada.trace()])
    ada.advance(past: batch)
    let broken = BatchSubmission(signedHeader: batch.signedHeader, payload: [1, 2]).encode()
    let bodies = try [broken, ada.next([ada.trace()]), ben.next([ben.trace()])]
    let message = try await ledger.service.submit(group: group(bodies))
    #expect(
      message.outcomes.map { $0.refusal?.error } == [.invalidTrace, .sequenceGap, nil])
    #expect(try await ledger.size() == 1)
    // Sent whole, the chain goes on.
    let again = try await ledger.service.submit(group: group([batch.body, bodies[1]]))
    #expect(again.outcomes.allSatisfy { $0.proof != nil })
    #expect(try await ledger.size() == 3)
  }

  @Test func `a group is bounded, and errors name the submission`() throws {
    let one = BatchSubmission(signedHeader: [1], payload: [2])
    let most = LedgerLimits.batchesPerRequest
    let full = SubmissionGroup(Array(repeating: one, count: most))
    #expect(try SubmissionGroup.decode(full.encode()) == full)
    func field(_ value: CBOR) -> String? {
      do throws(LedgerRefusal) {
        _ = try SubmissionGroup.decode(value.encode())
        return nil
      } catch {
        return error.field
      }
    }
    #expect(field(.array(Array(repeating: one.cbor, count: most + 1))) != nil)
    #expect(field([]) == "group")
    #expect(field(1) == "group")
    #expect(field([one.cbor, [1, 2]]) == "group[1].submission")
    let long = [UInt8](repeating: 0, count: LedgerLimits.headerBytes + 1)
    #expect(field([one.cbor, [.bytes(long), .null]]) == "group[1].header")
  }

  @Test func `as many go together as one request may hold, and at least one`() {
    func count(_ sizes: [Int]) -> Int {
      SubmissionGroup.first(
        of: sizes.map {
          BatchSubmission(signedHeader: [], payload: [UInt8](repeating: 0, count: $0))
        }
      ).count
    }
    #expect(count([]) == 0)
    #expect(count([LedgerLimits.payloadBytes]) == 1)
    #expect(count([LedgerLimits.payloadBytes, 2000]) == 1)
    #expect(count([LedgerLimits.payloadBytes / 2, LedgerLimits.payloadBytes / 2, 2000]) == 2)
    #expect(count(Array(repeating: 10, count: 100)) == LedgerLimits.batchesPerRequest)
    #expect(count(Array(repeating: 10, count: 5)) == 5)
  }
}
