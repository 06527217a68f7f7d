#if PostgreSQL
  import Corpus
  import Foundation
  import LedgerTestSupport
  import LedgerWire
  import Testing
  import TransparencyLog

  @testable import Ledger
  @testable import LedgerPostgreSQL

  /// Two log shards, each with a database, a sequencing row and two front ends of its own.
  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct LogShardTests {
    @Test func `front ends of two log shards at once: nothing is lost or doubled`() async throws {
      let server = try TestPostgreSQL.shared.get()
      let logs = try (0..<2).map {
        try SharedLog(2, on: server, origin: "shard\($0).example/log")
      }
      let shards = try LogShards(
        logs.enumerated().map { number, log in
          let key = try LedgerKey.load(in: log.folders[0].path).verifier
          return try LogShards.Member(text: "https://shard\(number).example=\(key.vkey)")
        })
      var services: [[LedgerService]] = [[], []]
      for number in 0..<2 {
        for index in 0..<2 {
          services[number].append(
            LedgerService(
              store: try await logs[number].store(index, terms: PolicyTerms(logShards: shards))))
        }
        for service in services[number] { try await service.start() }
      }
      let sent = try await withThrowingTaskGroup(of: (Int, [Int: Digest]).self) { group in
        for count in 0..<8 {
          group.addTask { [services] in
            let number = count % 2
            let own = services[number]
            var agent = try TestAgent.inLogShard(number, of: shards)
            let origin = own[0].store.verifier.name
            _ = try await own[0].registerAgent(agent.registration(origin: origin))
            var positions: [Int: Digest] = [:]
            for round in 0..<6 {
              let batch = try agent.batch([agent.trace()], origin: origin)
              let receipt = try await own[(count / 2 + round) % 2].submit(batch.body)
              positions[receipt.index] = batch.hash
              agent.advance(past: batch)
              let refused = try await refusal {
                _ = try await services[1 - number][round % 2].submit(
                  agent.batch([agent.trace()], origin: shards.members[1 - number].verifier.name)
                    .body)
              }
              #expect(refused?.error == .misdirected)
            }
            return (number, positions)
          }
        }
        return try await group.reduce(into: [[:], [:]] as [[Int: Digest]]) { all, one in
          all[one.0].merge(one.1) { first, _ in
            Issue.record("two leaves at one position")
            return first
          }
        }
      }
      for number in 0..<2 {
        #expect(sent[number].keys.sorted() == Array(0..<24))
        for (index, service) in services[number].enumerated() {
          try await service.store.publish()
          let published = PublicLog(service.store)
          let entries = try published.entries(of: published.checkpoint())
          #expect(entries.enumerated().allSatisfy { sent[number][$0] == Digest(sha256: $1) })
          #expect(entries.count == 24)
          #expect(try await logs[number].check(index) == [])
        }
        // One row of this database, which no front end of the other log ever waits for.
        #expect(try await services[number][0].store.rows(named: "sequencing") == 1)
        for service in services[number] { try service.store.close() }
      }
    }

    @Test func `a front end with another list is refused, whatever is in the log`() async throws {
      let log = try SharedLog(2, on: TestPostgreSQL.shared.get())
      let key = try LedgerKey.load(in: log.folders[0].path).verifier
      let other = try NoteSigner(name: "b.example/log", key: .init()).verifier
      let list = { (first: NoteVerifier, second: NoteVerifier, host: String) in
        let texts = ["https://a.example=\(first.vkey)", "https://\(host)=\(second.vkey)"]
        return try PolicyTerms(logShards: LogShards(texts.map(LogShards.Member.init(text:))))
      }
      for (index, terms, isTaken) in [
        (0, try list(key, other, "b.example"), true), (1, PolicyTerms(), false),
        (1, try list(other, key, "b.example"), false), (1, try list(key, other, "c.example"), true),
      ] {
        let service = LedgerService(store: try await log.store(index, terms: terms))
        if isTaken {
          try await service.start()
        } else {
          let error = await #expect(throws: LedgerError.self) { try await service.start() }
          #expect(error?.field == "log shards")
        }
        try service.store.close()
      }
    }
  }

  extension LedgerStore {
    fileprivate func rows(named name: String) async throws -> Int? {
      try await database.read {
        try $0.integer("SELECT count(*) FROM locks WHERE name = '\(name)'")
      }
    }
  }
#endif
