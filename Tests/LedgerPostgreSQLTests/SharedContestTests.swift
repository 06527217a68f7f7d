#if PostgreSQL
  import Corpus
  import LedgerTestSupport
  import LedgerWire
  import Testing
  import TransparencyLog

  @testable import Ledger
  @testable import LedgerPostgreSQL

  /// Claims and contests where several front ends share a log.
  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct SharedContestTests {
    private let words = (0..<400).map { "word\($0 * 7919 % 1009)" }

    private func text(without places: [Int]) -> String {
      words.enumerated().map { places.contains($0.offset) ? "other" : $0.element }
        .joined(separator: " ")
    }

    private func claim(
      _ name: String, _ text: String, _ identity: ContributorIdentity
    ) throws -> [UInt8] {
      try ShardClaim.sign(
        origin: TestAgent.origin, root: Digest(sha256: Array(name.utf8)), name: name,
        documents: [DocumentFingerprint(text)], identity: identity
      ).encode()
    }

    @Test func `a contest is decided once, whichever front ends it is filed at`() async throws {
      let log = try SharedLog(3, on: TestPostgreSQL.shared.get())
      var services: [LedgerService] = []
      for index in 0..<3 {
        services.append(LedgerService(store: try await log.store(index), now: { 1_795_000_000 }))
      }
      for service in services { try await service.start() }
      let people = try ["Bob", "Ada", "Mallory"].map { try ContributorIdentity(name: $0) }
      let (some, more) = ((0..<7).map { $0 * 25 }, (0..<7).map { 200 + $0 * 25 })
      var held: [ShardMessage] = []
      for (index, (name, places, person)) in [
        ("first", [], 0), ("old", some, 1), ("stolen", some + more, 2), ("own", some + more, 1),
      ].enumerated() {
        held.append(
          try await services[index % 3].registerShard(
            claim(name, text(without: places), people[person])))
      }
      #expect(held[3].copies?.map(\.shard) == [held[2].root])
      let store = services[2].store
      let receipt = try #require(held[1].receipt)
      let proof = ClaimProof(
        signedHeader: try await store.entry(at: receipt.index, payload: false),
        signedRegistration: try await store.entry(at: receipt.index, payload: true),
        proof: try LogProof(encoded: Array(receipt.proof.utf8)))
      let body = try Contest.sign(
        origin: TestAgent.origin, contested: Digest(sha256: Array("stolen".utf8)),
        own: Digest(sha256: Array("own".utf8)), proof: proof, identity: people[1])
      let answers = try await withThrowingTaskGroup(of: ContestMessage.self) { group in
        for service in services { group.addTask { try await service.contest(body) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.count == 3 && answers.allSatisfy { $0 == answers[0] })
      #expect(answers[0].clusters == 1)
      for service in services {
        #expect(try await service.store.contests(from: 0, count: 10).contests.count == 1)
        let copies = try await service.store.shard(Digest(sha256: Array("stolen".utf8))).copies
        #expect(copies?.map(\.shard) == [held[3].root])
        try await service.store.publish()
      }
      for index in 0..<3 { #expect(try await log.check(index) == []) }
      for service in services { try service.store.close() }
    }
  }
#endif
