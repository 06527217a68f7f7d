#if PostgreSQL
  import Foundation
  import LedgerTestSupport
  import LedgerWire
  import Synchronization
  import Testing
  import Trace
  import TransparencyLog

  @testable import Ledger
  @testable import LedgerPostgreSQL

  /// Front ends as processes on one database, while they are killed and the database crashes.
  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct FrontEndKillTests {
    /// A batch and the receipt that its agent got.
    private struct Acknowledged: Sendable {
      let body: [UInt8]
      let header: [UInt8]
      let receipt: ReceiptMessage
    }

    /// Agents that send to whichever front end is there, and keep what they have no answer for.
    private final class Traffic: Sendable {
      let acknowledged = Mutex<[Acknowledged]>([])
      let isOver = Atomic(false)
      let frontEnds: [FrontEnd]

      init(_ frontEnds: [FrontEnd]) { self.frontEnds = frontEnds }

      var count: Int { acknowledged.withLock { $0.count } }

      /// The body of the answer, or nil if it is to be asked for again.
      func post(_ url: String, _ body: [UInt8]) async -> [UInt8]? {
        guard !url.hasPrefix("/") else { return nil }
        guard let answer = try? await HTTP.post(url, body, timeout: .seconds(10))
        else { return nil }
        if answer.status == 200 { return Array(answer.body.utf8) }
        #expect(answer.status >= 500, "\(answer.status): \(answer.body)")
        return nil
      }

      /// Sends until it gets through, to one front end after the other.
      private func insist(_ path: String, _ body: [UInt8]) async throws -> [UInt8] {
        let patience = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < patience {
          let url = frontEnds.randomElement()?.url ?? ""
          if let answer = await post(url + path, body) { return answer }
          try await Task.sleep(for: .milliseconds(20))
        }
        throw TestPostgreSQL.Problem(text: "no front end answered in five minutes")
      }

      func run(_ start: TestAgent) async throws {
        var agent = start
        _ = try await insist("/v1/agents", agent.registration())
        while !isOver.load(ordering: .relaxed) {
          let batch = try agent.batch([agent.trace([(agent.identity.publicKey, 10)])])
          let answer = try await insist("/v1/batches", batch.body)
          let receipt = try JSONDecoder().decode(ReceiptMessage.self, from: Data(answer))
          acknowledged.withLock {
            $0.append(
              Acknowledged(body: batch.body, header: batch.signedHeader, receipt: receipt))
          }
          agent.advance(past: batch)
        }
      }
    }

    @Test func `front ends are killed and the database crashes: no leaf is lost or doubled`()
      async throws
    {
      // More in a run of its own: see Benchmarks/crash/front-ends.
      let environment = ProcessInfo.processInfo.environment
      let kills = environment["TRIBUTARY_KILLS"].flatMap { Int($0) } ?? 6
      let log = try SharedLog(3, on: TestPostgreSQL())
      let frontEnds = log.folders.map { folder in
        FrontEnd(
          folder.path,
          [
            "--database", log.server.url(log.database), "--origin", TestAgent.origin,
            "--batch-interval", "5", "--admission", "open",
          ])
      }
      defer { for frontEnd in frontEnds { frontEnd.kill() } }
      for frontEnd in frontEnds { try await up(frontEnd) }
      let traffic = Traffic(frontEnds)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 { group.addTask { try await traffic.run(TestAgent()) } }
        for kill in 0..<kills {
          try await disturb(kill, log.server, frontEnds, traffic)
        }
        traffic.isOver.store(true, ordering: .relaxed)
        try await group.waitForAll()
      }
      try await checkReceipts(traffic)
      for frontEnd in frontEnds { #expect(frontEnd.stop() == 0, "\(frontEnd.log)") }
      try await checkLog(log, traffic.acknowledged.withLock { $0 })
      print("\(kills) kills, \(traffic.count) acknowledged batches")
    }

    /// Kills a front end, or every third time the whole database, in the middle of things.
    private func disturb(
      _ number: Int, _ server: TestPostgreSQL, _ frontEnds: [FrontEnd], _ traffic: Traffic
    ) async throws {
      let before = traffic.count
      let patience = ContinuousClock.now + .seconds(300)
      while traffic.count < before + 3, ContinuousClock.now < patience {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(traffic.count > before, "nothing was acknowledged after kill \(number)")
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...150)))
      if number % 3 == 2 {
        try server.restartImmediately()
      } else {
        let frontEnd = frontEnds[Int.random(in: 0..<frontEnds.count)]
        frontEnd.kill()
        try await up(frontEnd)
      }
    }

    private func up(_ frontEnd: FrontEnd) async throws {
      for _ in 0..<100 {
        if try frontEnd.start() { return }
        try await Task.sleep(for: .milliseconds(100))
      }
      throw TestPostgreSQL.Problem(text: "a front end does not start: \(frontEnd.log)")
    }

    /// Every front end gives the receipts that were given first, byte for byte.
    private func checkReceipts(_ traffic: Traffic) async throws {
      let all = traffic.acknowledged.withLock { $0 }
      #expect(!all.isEmpty)
      for item in all.suffix(20) + all.shuffled().prefix(40) {
        for frontEnd in traffic.frontEnds {
          let answer = try #require(await traffic.post(frontEnd.url + "/v1/batches", item.body))
          let receipt = try JSONDecoder().decode(ReceiptMessage.self, from: Data(answer))
          #expect(receipt == item.receipt)
        }
      }
    }

    /// Derives the log again from each front end's files; every receipt has to fit into it.
    private func checkLog(_ log: SharedLog, _ acknowledged: [Acknowledged]) async throws {
      var entries: [[UInt8]] = []
      for index in log.folders.indices {
        let store = try await log.store(index)
        try await store.recover()
        let published = PublicLog(store)
        entries = try published.entries(of: published.checkpoint())
        try store.close()
        #expect(Set(entries).count == entries.count, "a leaf is there twice")
        for item in acknowledged {
          let position = item.receipt.index
          #expect(position < entries.count && entries[position] == item.header)
        }
        #expect(try await log.check(index) == [])
      }
      let verifier = try LedgerKey.load(in: log.folders[0].path).verifier
      let roots = Self.roots(entries)
      for item in acknowledged {
        let proof = try LogProof(encoded: Array(item.receipt.proof.utf8))
        guard case .valid(let checkpoint) = Checkpoint.verify(proof.note, by: verifier) else {
          Issue.record("a receipt that the log did not sign")
          continue
        }
        #expect(roots[Int(checkpoint.size)] == checkpoint.root, "two histories")
        let inclusion = InclusionProof(
          leafIndex: proof.leafIndex, treeSize: checkpoint.size, path: proof.path)
        #expect(
          inclusion.check(leaf: .leaf(item.header), root: checkpoint.root) == .valid)
      }
    }

    /// The roots of the trees of 0, 1, 2 and more of the entries.
    private static func roots(_ entries: [[UInt8]]) -> [TreeHash] {
      var frontier = Frontier()
      return [frontier.root]
        + entries.map { entry in
          _ = frontier.append(.leaf(entry))
          return frontier.root
        }
    }
  }
#endif
