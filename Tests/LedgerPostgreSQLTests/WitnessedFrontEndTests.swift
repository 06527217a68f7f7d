#if PostgreSQL
  import Foundation
  import LedgerTestSupport
  import LedgerWire
  import TestSupport
  import Testing
  import TransparencyLog

  @testable import Ledger
  @testable import LedgerPostgreSQL

  /// Front ends of one log that ask the same witnesses; all of them are processes.
  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct WitnessedFrontEndTests {
    private let log: SharedLog
    private let witnesses: [WitnessProcess]
    private let frontEnds: [FrontEnd]
    private let policy: WitnessPolicy

    init() throws {
      let log = try SharedLog(2, on: TestPostgreSQL.shared.get())
      let key = try LedgerKey.load(in: log.folders[0].path).verifier
      let witnesses = try ["w1", "w2"].map { try WitnessProcess($0, log: key) }
      frontEnds = log.folders.map { folder in
        FrontEnd(
          folder.path,
          [
            "--database", log.server.url(log.database), "--origin", TestAgent.origin,
            "--batch-interval", "5", "--witness-quorum", "2", "--witness-timeout", "20000",
          ] + witnesses.flatMap { ["--witness", "\($0.url)=\($0.verifier.vkey)"] })
      }
      policy = try WitnessPolicy(witnesses: witnesses.map(\.verifier), quorum: 2)
      (self.log, self.witnesses) = (log, witnesses)
    }

    private func start() throws {
      for frontEnd in frontEnds { #expect(try frontEnd.start(), "\(frontEnd.log)") }
    }

    private func submit(_ body: [UInt8], to frontEnd: Int) async throws -> HTTP.Answer {
      try await HTTP.post(frontEnds[frontEnd].url + "/v1/batches", body)
    }

    private func receipt(_ body: [UInt8], from frontEnd: Int) async throws -> ReceiptMessage {
      let answer = try await submit(body, to: frontEnd)
      try #require(answer.status == 200, "\(answer.body) \(frontEnds[frontEnd].log)")
      return try JSONDecoder().decode(ReceiptMessage.self, from: Data(answer.body.utf8))
    }

    private func registered() async throws -> TestAgent {
      let agent = try TestAgent()
      let answer = try await HTTP.post(frontEnds[0].url + "/v1/agents", agent.registration())
      try #require(answer.status == 200, "\(answer.body)")
      return agent
    }

    /// The receipt once there is one; a witness that failed is asked again after some seconds.
    private func receipt(
      _ body: [UInt8], from frontEnd: Int, within patience: Duration
    ) async throws -> ReceiptMessage {
      let end = ContinuousClock.now + patience
      while ContinuousClock.now < end, try await submit(body, to: frontEnd).status == 503 {
        try await Task.sleep(for: .milliseconds(100))
      }
      return try await receipt(body, from: frontEnd)
    }

    /// Both front ends give the receipt, both witnesses are in it, and so is one history.
    private func check(_ receipts: [(body: [UInt8], receipt: ReceiptMessage)]) async throws {
      var roots: [Int: String] = [:]
      for (body, receipt) in receipts {
        for frontEnd in frontEnds.indices {
          #expect(try await self.receipt(body, from: frontEnd) == receipt)
        }
        let note = try LogProof(encoded: Array(receipt.proof.utf8)).note
        let now = Int(Date().timeIntervalSince1970)
        #expect(policy.check(note, now: now) == .valid(["w1", "w2"]))
        let known = roots.updateValue(receipt.rootHash, forKey: receipt.treeSize)
        #expect(known == nil || known == receipt.rootHash)
      }
    }

    /// Stops the front ends; each folder is whole, and holds the latest checkpoint cosigned.
    private func finish(leaves: Int) async throws {
      for (index, frontEnd) in frontEnds.enumerated() {
        #expect(frontEnd.stop() == 0, "\(frontEnd.log)")
        let store = try await log.store(index)
        try await store.recover()
        let published = PublicLog(store)
        #expect(try published.entries(of: published.checkpoint()).count == leaves)
        try store.close()
        #expect(try await log.check(index) == [])
      }
    }

    @Test func `front ends that take turns get the cosignatures of all witnesses`() async throws {
      try start()
      let receipts = try await withThrowingTaskGroup(of: [([UInt8], ReceiptMessage)].self) {
        group in
        for number in 0..<4 {
          group.addTask {
            var agent = try await registered()
            var receipts: [([UInt8], ReceiptMessage)] = []
            for round in 0..<6 {
              let body = try agent.next([agent.trace()])
              receipts.append((body, try await receipt(body, from: (number + round) % 2)))
            }
            return receipts
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(Set(receipts.map { $0.1.index }) == Set(0..<24))
      try await check(receipts.map { (body: $0.0, receipt: $0.1) })
      for frontEnd in frontEnds {
        #expect(!frontEnd.wholeLog.contains("did not cosign"), "\(frontEnd.log)")
      }
      try await finish(leaves: 24)
    }

    @Test func `below the quorum nobody gives a receipt, and whoever is left gives it later`()
      async throws
    {
      try start()
      var agent = try await registered()
      var receipts: [(body: [UInt8], receipt: ReceiptMessage)] = []
      let first = try agent.next([agent.trace()])
      receipts.append((first, try await receipt(first, from: 0)))

      witnesses[1].kill()
      let waiting = try (0..<2).map { _ in try agent.next([agent.trace()]) }
      for (index, body) in waiting.enumerated() {
        #expect(try await submit(body, to: index).status == 503)
      }
      for body in waiting {
        for index in frontEnds.indices { #expect(try await submit(body, to: index).status == 503) }
      }
      // The one that logged the first of them is gone when the witness comes back.
      frontEnds[0].kill()
      try witnesses[1].restart()
      for body in waiting {
        receipts.append((body, try await receipt(body, from: 1, within: .seconds(100))))
      }
      #expect(try frontEnds[0].start(), "\(frontEnds[0].log)")
      let last = try agent.next([agent.trace()])
      receipts.append((last, try await receipt(last, from: 0, within: .seconds(100))))
      try await check(receipts)
      try await finish(leaves: 4)
    }
  }
#endif
