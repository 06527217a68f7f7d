import CBOR
import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import Ledger
@testable import Trace

@Suite struct SubmissionTests {
  @Test func `a batch gets a receipt that anybody can check against the log's key`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    for index in 0..<5 {
      let batch = try agent.batch([agent.trace()])
      agent.advance(past: batch)
      let receipt = try await ledger.service.submit(batch.body)
      #expect(receipt.index == index)
      let proof = try LogProof(encoded: Array(receipt.proof.utf8))
      guard
        case .valid(let checkpoint) = proof.verify(
          entry: batch.signedHeader, by: ledger.store.verifier)
      else {
        Issue.record("receipt \(index) does not verify")
        continue
      }
      #expect(checkpoint.size == index + 1)
      #expect(receipt.treeSize == index + 1)
      #expect(receipt.inclusionProof.count == proof.path.count)
      #expect(receipt.checkpoint == proof.note.encoded)
    }
  }

  @Test func `the same batch gets the same receipt, also after a restart`() async throws {
    let folder = try TemporaryFolder()
    var agent = try TestAgent()
    let body: [UInt8]
    let receipt: ReceiptMessage
    do {
      let ledger = try TestLedger(folder: folder)
      try await ledger.registered(agent)
      body = try agent.next([agent.trace()])
      receipt = try await ledger.service.submit(body)
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
      #expect(try await ledger.service.submit(body) == receipt)
      try ledger.store.close()
    }
    let ledger = try TestLedger(folder: folder)
    #expect(try await ledger.service.submit(body) == receipt)
    #expect(try await ledger.size() == 2)
    _ = try await ledger.service.submit(agent.next([agent.trace()]))
    #expect(try await ledger.size() == 3)
  }

  @Test func `a second batch under a used number is refused and both are evidence`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    try await ledger.registered(agent)
    let (first, second) = (try agent.batch([agent.trace()]), try agent.batch([agent.trace()]))
    _ = try await ledger.service.submit(first.body)
    for body in [second.body, second.body, second.voidBody] {
      let refusal = try await refusal { _ = try await ledger.service.submit(body) }
      #expect(refusal?.error == .equivocation)
    }
    #expect(
      try await ledger.store.equivocations() == [
        EquivocationMessage(
          agent: agent.identity.publicKey.hex, sequence: 0,
          logged: Data(first.signedHeader).base64EncodedString(),
          conflicting: Data(second.signedHeader).base64EncodedString(), seen: 1_795_000_000)
      ])
    #expect(try await ledger.size() == 1)
  }

  @Test func `a conflicting batch is evidence even when its content is nonsense`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    try await ledger.registered(agent)
    _ = try await ledger.service.submit(agent.batch([agent.trace()]).body)
    let second = try agent.batch([agent.trace()])
    let body = BatchSubmission(signedHeader: second.signedHeader, payload: [1, 2, 3]).encode()
    #expect(
      try await refusal { _ = try await ledger.service.submit(body) }?.error == .equivocation)
    #expect(try await ledger.store.equivocations().count == 1)
  }

  @Test func `a gap in the sequence is refused with what is expected`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    _ = try await ledger.service.submit(agent.next([agent.trace()]))
    agent.sequence = 3
    let refusal = try await refusal {
      _ = try await ledger.service.submit(agent.batch([agent.trace()]).body)
    }
    #expect(refusal?.error == .sequenceGap)
    #expect(refusal?.found == "3")
    #expect(refusal?.expected == "1")
  }

  @Test func `a batch that names another predecessor is refused`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    _ = try await ledger.service.submit(agent.next([agent.trace()]))
    agent.previous = Digest(sha256: [1])
    let refusal = try await refusal {
      _ = try await ledger.service.submit(agent.batch([agent.trace()]).body)
    }
    #expect(refusal?.error == .sequenceGap)
    #expect(refusal?.field == "batch.previous")
  }

  @Test func `an agent that is not registered is refused`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    let refusal = try await refusal {
      _ = try await ledger.service.submit(agent.batch([agent.trace()]).body)
    }
    #expect(refusal?.error == .unknownAgent)
  }

  @Test func `a batch for another log is refused`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    try await ledger.registered(agent)
    let refusal = try await refusal {
      _ = try await ledger.service.submit(
        agent.batch([agent.trace()], origin: "other.example/log").body)
    }
    #expect(refusal?.error == .wrongOrigin)
  }

  @Test func `any changed byte of a submission is refused and leaves nothing behind`()
    async throws
  {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    try await ledger.registered(agent)
    let batch = try agent.batch([agent.trace()])
    let body = batch.body
    for index in stride(from: 0, to: body.count, by: 3) {
      var bad = body
      bad[index] ^= 0x10
      // Some bits of a compressed frame mean nothing: the content is the one that was signed.
      if let changed = try? BatchSubmission.decode(bad), let payload = changed.payload,
        changed.signedHeader == batch.signedHeader,
        (try? Batch.openPayload(payload, expecting: batch.header)) != nil
      {
        continue
      }
      let refusal = try await refusal { _ = try await ledger.service.submit(bad) }
      #expect(refusal != nil, "byte \(index)")
      #expect(refusal?.error != .internal)
    }
    #expect(try await ledger.size() == 0)
    _ = try await ledger.service.submit(body)
    #expect(try await ledger.size() == 1)
  }

  @Test func `a trace of another agent is refused and named`() async throws {
    let ledger = try TestLedger()
    let (agent, other) = (try TestAgent(), try TestAgent())
    try await ledger.registered(agent)
    let parts = [try agent.trace(), try other.trace()]
    #expect(throws: TraceError.self) { try agent.batch(parts) }
    let body = try agent.handmadeBody(parts)
    let refusal = try await refusal { _ = try await ledger.service.submit(body) }
    #expect(refusal?.error == .invalidTrace)
    #expect(refusal?.field.hasPrefix("traces[1].") == true)
  }

  @Test func `a batch with one trace twice, or too many traces, is refused`() async throws {
    let ledger = try TestLedger()
    let agent = try TestAgent()
    try await ledger.registered(agent)
    let part = try agent.trace()
    for parts in [
      [part, part], try (0...LedgerLimits.tracesPerBatch).map { _ in try agent.trace() },
    ] {
      let body = try agent.handmadeBody(parts)
      let refusal = try await refusal { _ = try await ledger.service.submit(body) }
      #expect(refusal?.error == .invalidTrace)
    }
  }

  @Test func `a header alone is logged without credit and the chain goes on`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    let contributor = try ContributorIdentity(name: "contributor").publicKey
    let batch = try agent.batch([agent.trace([(contributor, 400_000)])])
    agent.advance(past: batch)
    let receipt = try await ledger.service.submit(batch.voidBody)
    #expect(receipt.index == 0)
    _ = try await ledger.service.submit(agent.next([agent.trace([(contributor, 300_000)])]))
    let statement = try await ledger.store.statement(of: contributor, period: nil)
    #expect(statement.sharePPM == 300_000)
    #expect(try await ledger.store.entry(at: 0, payload: false) == batch.signedHeader)
    let missing = try await refusal { _ = try await ledger.store.entry(at: 0, payload: true) }
    #expect(missing?.error == .notFound)
    // The content cannot be slipped in afterwards.
    #expect(try await ledger.service.submit(batch.body) == receipt)
    #expect(try await ledger.store.statement(of: contributor, period: nil) == statement)
  }

  @Test func `batches that arrive together share commits and all get valid receipts`()
    async throws
  {
    let ledger = try TestLedger()
    let agents = try (0..<40).map { _ in try TestAgent() }
    for agent in agents { try await ledger.registered(agent) }
    let batches = try agents.map { try $0.batch([$0.trace()]) }
    let receipts = try await withThrowingTaskGroup(of: (Int, ReceiptMessage).self) { group in
      for (index, batch) in batches.enumerated() {
        group.addTask { (index, try await ledger.service.submit(batch.body)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(Set(receipts.values.map(\.index)) == Set(0..<40))
    for (index, receipt) in receipts {
      let proof = try LogProof(encoded: Array(receipt.proof.utf8))
      guard
        case .valid = proof.verify(
          entry: batches[index].signedHeader, by: ledger.store.verifier)
      else {
        Issue.record("receipt \(index) does not verify")
        continue
      }
    }
    #expect(try await ledger.size() == 40)
  }

  @Test func `every checkpoint ever signed is consistent with the latest`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    for _ in 0..<9 { _ = try await ledger.service.submit(agent.next([agent.trace()])) }
    let roots = try await ledger.store.database.read { database in
      try (1...9).map { size in
        let note = try #require(try ledger.store.checkpointNote(database, size: size))
        return try Checkpoint(text: SignedNote(encoded: Array(note.utf8)).text).root
      }
    }
    for old in 1...9 {
      let path = try await ledger.store.consistency(from: old, to: 9)
      let proof = ConsistencyProof(oldSize: UInt64(old), newSize: 9, path: path)
      #expect(proof.check(oldRoot: roots[old - 1], newRoot: roots[8]) == .valid)
    }
  }
}

extension TestAgent {
  /// A signed batch of parts that ``Batch/seal`` would refuse.
  func handmadeBody(_ parts: [[UInt8]]) throws -> [UInt8] {
    let content = CBOR.array(parts.map { .bytes($0) }).encode()
    let header = BatchHeader(
      agent: identity.publicKey, sequence: sequence, previous: previous,
      origin: TestAgent.origin, contents: .hash(Digest(sha256: content)), count: parts.count,
      created: 1_795_000_000)
    let submission = BatchSubmission(
      signedHeader: try header.sign(by: identity), payload: try DictionaryFrame.pack(content))
    return submission.encode()
  }
}
