#if PostgreSQL
  import Corpus
  import Foundation
  import Ledger
  import LedgerTestSupport
  import LedgerWire
  import TestSupport
  import Testing
  import TransparencyLog

  @testable import Ledger
  @testable import LedgerPostgreSQL

  /// A log in PostgreSQL with front ends that each have a data folder of their own.
  struct SharedLog {
    let server: TestPostgreSQL
    let database: String
    let folders: [TemporaryFolder]

    init(_ count: Int, on server: TestPostgreSQL, origin: String = TestAgent.origin) throws {
      self.server = server
      database = try server.createDatabase()
      folders = try (0..<count).map { _ in try TemporaryFolder() }
      _ = try LedgerKey.loadOrCreate(in: folders[0].path, origin: origin)
      for folder in folders.dropFirst() {
        try FileManager.default.copyItem(
          atPath: LedgerKey.path(in: folders[0].path), toPath: LedgerKey.path(in: folder.path))
      }
    }

    func open(_ access: PostgreSQLDatabase.Access = .changing) async throws -> PostgreSQLDatabase {
      try await PostgreSQLDatabase.open(server.address(database), access: access)
    }

    /// One front end's store.
    func store(_ index: Int, terms: PolicyTerms = .open) async throws -> LedgerStore {
      let folder = folders[index].path
      return try LedgerStore(
        folder: folder, database: try await open(), signer: LedgerKey.load(in: folder),
        terms: terms)
    }

    func check(_ index: Int) async throws -> [Difference] {
      var differences: [Difference] = []
      let folder = folders[index].path
      let database = try await open(.reading)
      let fsck = try Fsck(
        folder: folder, database: database, verifier: LedgerKey.load(in: folder).verifier,
        report: { differences.append($0) })
      _ = try fsck.run()
      try database.close()
      return differences
    }
  }

  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct SharedLogTests {
    /// Runs `body` with front ends of one new log, without HTTP.
    private func withServices(
      _ count: Int, on server: TestPostgreSQL? = nil,
      _ body: (SharedLog, [LedgerService]) async throws -> Void
    ) async throws {
      let log = try SharedLog(count, on: server ?? TestPostgreSQL.shared.get())
      var services: [LedgerService] = []
      for index in 0..<count {
        services.append(LedgerService(store: try await log.store(index)))
      }
      for service in services { try await service.start() }
      try await body(log, services)
      for service in services { try service.store.close() }
    }

    @Test func `a batch has one leaf and one receipt, whichever front end is asked`() async throws {
      try await withServices(2) { log, services in
        var agent = try TestAgent()
        _ = try await services[0].registerAgent(agent.registration())
        var receipts: [ReceiptMessage] = []
        for index in 0..<6 {
          let body = try agent.next([agent.trace([(agent.identity.publicKey, 1000)])])
          let first = try await services[index % 2].submit(body)
          #expect(try await services[(index + 1) % 2].submit(body) == first)
          #expect(first.index == index)
          receipts.append(first)
        }
        var other = agent
        other.sequence = 3
        let forged = try other.batch([other.trace()]).body
        for service in services {
          let refused = try await refusal { _ = try await service.submit(forged) }
          #expect(refused?.error == .equivocation || refused?.error == .sequenceGap)
        }
        let month = try await services[1].store.statement(of: agent.identity.publicKey, period: nil)
        #expect(month.answers == 6 && month.sharePPM == 6000)
        for (index, service) in services.enumerated() {
          try await service.store.publish()
          #expect(try await log.check(index) == [])
          let published = PublicLog(service.store)
          #expect(try published.entries(of: published.checkpoint()).count == 6)
        }
      }
    }

    @Test func `what a shard claims is one front end's as the other's`() async throws {
      try await withServices(2) { log, services in
        let text = (0..<200).map { "word\($0 * 7919 % 1000)" }.joined(separator: " ")
        let claims = try (0..<2).map { index in
          try ShardClaim.sign(
            origin: TestAgent.origin, root: Digest(sha256: [UInt8(index)]), name: "shard",
            documents: [DocumentFingerprint(text)],
            identity: ContributorIdentity(name: "contributor \(index)")
          ).encode()
        }
        let first = try await services[0].registerShard(claims[0])
        let second = try await services[1].registerShard(claims[1])
        #expect(first.copies?.isEmpty != false)
        #expect(second.copies?.map(\.shard) == [first.root])
        #expect(try await services[1].registerShard(claims[0]) == first)
        for index in 0..<2 { #expect(try await log.check(index) == []) }
      }
    }

    @Test func `front ends at once append one sequence of leaves`() async throws {
      try await withServices(3) { log, services in
        let positions = try await withThrowingTaskGroup(of: [Int].self) { group in
          for index in 0..<9 {
            group.addTask {
              var agent = try TestAgent()
              _ = try await services[index % 3].registerAgent(agent.registration())
              var positions: [Int] = []
              for round in 0..<8 {
                let body = try agent.next([agent.trace()])
                positions.append(try await services[(index + round) % 3].submit(body).index)
              }
              return positions
            }
          }
          return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(positions.sorted() == Array(0..<72))
        for (index, service) in services.enumerated() {
          try await service.store.publish()
          #expect(try await log.check(index) == [])
        }
      }
    }

    @Test func `what a front end left behind is published by another`() async throws {
      try await withServices(2) { log, services in
        let agent = try TestAgent()
        _ = try await services[0].registerAgent(agent.registration())
        let body = try agent.batch([agent.trace()]).body
        let admission = Admission(origin: TestAgent.origin)
        let batch = try admission.admitHeader(of: BatchSubmission.decode(body))
        // The first front end ends between its two commits.
        #expect(
          try await services[0].store.integrate([.batch(batch)], now: 1_795_000_000)
            == [.success(0)])
        #expect(try await services[1].store.publish() == 1)
        let receipt = try await services[1].submit(body)
        try await services[0].store.publish()
        #expect(try await services[0].submit(body) == receipt)
        for index in 0..<2 { #expect(try await log.check(index) == []) }
      }
    }

    @Test func `reads go on while another front end has the log`() async throws {
      try await withServices(2) { _, services in
        let agent = try TestAgent()
        _ = try await services[0].registerAgent(agent.registration())
        let (begun, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holder = Task {
          try await services[1].store.database.write { _ in
            begun.signal()
            done.wait()
          }
        }
        try await offThread { begun.wait() }
        let waiting = Task { try await services[0].submit(agent.batch([agent.trace()]).body) }
        for _ in 0..<20 {
          _ = try await services[0].store.checkpoint()
          _ = try await services[0].store.agent(agent.identity.publicKey)
        }
        done.signal()
        try await holder.value
        #expect(try await waiting.value.index == 0)
      }
    }

    @Test func `a database that lost what was published is refused`() async throws {
      try await withServices(2) { log, services in
        var agent = try TestAgent()
        _ = try await services[0].registerAgent(agent.registration())
        for _ in 0..<3 { _ = try await services[0].submit(agent.next([agent.trace()])) }
        // As after a switch to a standby that had not got everything.
        for statement in [
          "DELETE FROM entries WHERE position >= 1", "DELETE FROM hashes WHERE position >= 1",
          "DELETE FROM credited WHERE entry >= 1", "DELETE FROM checkpoints WHERE size > 1",
        ] { try log.server.run(statement, in: log.database) }
        var late = try TestAgent()
        _ = try await services[0].registerAgent(late.registration())
        let body = try late.next([late.trace()])
        for _ in 0..<2 {
          await #expect(throws: LedgerError.self) { try await services[0].submit(body) }
        }
        let latest = try await services[0].store.checkpoint()
        #expect(latest.hasPrefix("\(TestAgent.origin)\n1\n"), "another history was signed")
      }
    }

    @Test func `another key or origin is refused`() async throws {
      try await withServices(1) { log, _ in
        let folder = try TemporaryFolder()
        for origin in [TestAgent.origin, "other.example/log"] {
          let key = folder.path + "/" + origin.replacing("/", with: "-")
          let store = try LedgerStore(
            folder: key, database: try await log.open(),
            signer: LedgerKey.loadOrCreate(in: key, origin: origin))
          let error = await #expect(throws: LedgerError.self) { try await store.recover() }
          #expect(error?.field == (origin == TestAgent.origin ? "log.vkey" : "log.origin"))
          try store.close()
        }
      }
    }

    @Test func `a table of a newer program is refused`() async throws {
      try await withServices(1) { log, _ in
        try log.server.run("INSERT INTO migrations VALUES ('of 2036')", in: log.database)
        let failure = await #expect(throws: PostgreSQLFailure.self) { _ = try await log.open() }
        #expect(failure?.field == "migrations")
      }
    }

    @Test func `a batch whose commit got no answer is there once`() async throws {
      let server = try TestPostgreSQL()
      try await withServices(1, on: server) { log, services in
        var agent = try TestAgent()
        _ = try await services[0].registerAgent(agent.registration())
        let body = try agent.next([agent.trace()])
        // Commits are durable here and then wait for a standby that never comes.
        try server.run("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        try server.run("SELECT pg_reload_conf()")
        let submission = Task { try await services[0].submit(body) }
        let patience = ContinuousClock.now + .seconds(20)
        let end = """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
          """
        let admin = try PostgreSQLConnection(
          server.address(), access: .reading, limits: .init())
        while try admin.run(end).rowCount == 0, ContinuousClock.now < patience {
          try await Task.sleep(for: .milliseconds(10))
        }
        let failure = await #expect(throws: PostgreSQLFailure.self) { try await submission.value }
        #expect(failure?.kind == .unknownOutcome)
        try server.run("ALTER SYSTEM RESET synchronous_standby_names")
        try server.run("SELECT pg_reload_conf()")
        let receipt = try await services[0].submit(body)
        #expect(receipt.index == 0 && receipt.treeSize == 1)
        #expect(try await services[0].submit(agent.next([agent.trace()])).index == 1)
        #expect(try await log.check(0) == [])
      }
    }

    /// Waits without holding one of the threads that tasks share.
    private func offThread(_ body: @escaping @Sendable () -> Void) async throws {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          body()
          continuation.resume()
        }
      }
    }
  }
#endif
