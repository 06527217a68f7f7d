#if PostgreSQL
  import Foundation
  import Ledger
  import Synchronization
  import Testing

  @testable import LedgerPostgreSQL

  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct PostgreSQLDatabaseTests {
    let server: TestPostgreSQL

    init() throws { server = try TestPostgreSQL.shared.get() }

    /// Runs `body` with as many front ends' views of one new database as asked for.
    private func withDatabases(
      _ count: Int = 1, limits: PostgreSQLConnection.Limits = .init(),
      _ body: ([PostgreSQLDatabase]) async throws -> Void
    ) async throws {
      let name = try server.createDatabase()
      var databases: [PostgreSQLDatabase] = []
      for _ in 0..<count {
        databases.append(
          try await PostgreSQLDatabase.open(server.address(name), limits: limits))
      }
      try await body(databases)
      for database in databases { try database.close() }
    }

    private func failure(_ body: () async throws -> Void) async throws -> PostgreSQLFailure? {
      do {
        try await body()
        return nil
      } catch let failure as PostgreSQLFailure {
        return failure
      }
    }

    @Test func `values come back as they were stored`() async throws {
      let values: [SQLValue] = [
        .null, .integer(.min), .integer(-1), .integer(.max), .text(""), .text("Zoë ∑ 🌍"),
        .blob([]), .blob([0, 255, 0]), .blob([UInt8](repeating: 7, count: 1 << 20)),
      ]
      try await withDatabases { databases in
        let found = try await databases[0].write { connection in
          try connection.execute(
            "CREATE TABLE t (id BIGINT, i BIGINT, s TEXT, b BYTEA)", [])
          for (index, value) in values.enumerated() {
            let column =
              switch value {
              case .null, .integer: "i"
              case .text: "s"
              case .blob: "b"
              }
            let count = try connection.execute(
              "INSERT INTO t (id, \(column)) VALUES ($1, $2)", [.integer(index), value])
            #expect(count == 1)
          }
          #expect(try connection.execute("UPDATE t SET i = $1 WHERE id < $2", [1, 0]) == 0)
          return try connection.rows("SELECT i, s, b FROM t ORDER BY id", [])
        }
        #expect(found.count == values.count)
        for (row, value) in zip(found, values) {
          switch value {
          case .null: #expect(try row.optionalBytes("b") == nil)
          case .integer(let number): #expect(try row.integer("i") == number)
          case .text(let text): #expect(try row.text("s") == text)
          case .blob(let blob): #expect(try row.bytes("b") == blob)
          }
        }
        #expect(throws: LedgerError.self) { try found[0].integer("i") }
        #expect(throws: LedgerError.self) { try found[0].integer("none") }
      }
    }

    @Test func `one transaction at a time changes anything`() async throws {
      try await withDatabases(3) { databases in
        try await databases[0].write { connection in
          try connection.execute("CREATE TABLE t (n BIGINT)", [])
          try connection.execute("INSERT INTO t VALUES (0)", [])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<90 {
            group.addTask {
              try await databases[index % 3].write { connection in
                let count = try connection.rows("SELECT n FROM t", [])[0].integer("n")
                try connection.execute("UPDATE t SET n = $1", [.integer(count + 1)])
              }
            }
          }
          try await group.waitForAll()
        }
        let count = try await databases[1].read {
          try $0.rows("SELECT n FROM t", [])[0].integer("n")
        }
        #expect(count == 90)
      }
    }

    @Test func `a reader sees one state, changes nothing and waits for nobody`() async throws {
      try await withDatabases(2) { databases in
        try await databases[0].write { connection in
          try connection.execute("CREATE TABLE t (n BIGINT)", [])
          try connection.execute("INSERT INTO t VALUES (1)", [])
        }
        let (gate, opened) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let reading = Task {
          try await databases[0].read { connection in
            let before = try connection.rows("SELECT n FROM t", []).count
            opened.signal()
            gate.wait()
            return (before, try connection.rows("SELECT n FROM t", []).count)
          }
        }
        try await databases[1].write { connection in
          opened.wait()
          try connection.execute("INSERT INTO t VALUES (2)", [])
          // In the middle of a change: others read on.
          let before = DispatchSemaphore(value: 0)
          Task {
            let count = try await databases[0].read { try $0.rows("SELECT n FROM t", []).count }
            #expect(count == 1)
            before.signal()
          }
          #expect(before.wait(timeout: .now() + 10) == .success)
        }
        gate.signal()
        #expect(try await reading.value == (1, 1))
        let refused = try await failure {
          try await databases[0].read { connection in
            _ = try connection.execute("INSERT INTO t VALUES (3)", [])
          }
        }
        #expect(refused?.field == "SQLSTATE 25006")
      }
    }

    @Test func `a transaction that fails leaves nothing behind`() async throws {
      struct Refusal: Error {}
      try await withDatabases { databases in
        let database = databases[0]
        _ = try await database.write { try $0.execute("CREATE TABLE t (n BIGINT PRIMARY KEY)", []) }
        await #expect(throws: Refusal.self) {
          try await database.write { connection in
            try connection.execute("INSERT INTO t VALUES (1)", [])
            throw Refusal()
          }
        }
        // A refused statement ends the transaction even when nobody minds.
        let swallowed = try await failure {
          try await database.write { connection in
            try connection.execute("INSERT INTO t VALUES (2)", [])
            _ = try? connection.execute("INSERT INTO t VALUES (2)", [])
          }
        }
        #expect(swallowed?.field == "commit")
        #expect(swallowed?.found == "ROLLBACK")
        #expect(try await database.read { try $0.rows("SELECT n FROM t", []).count } == 0)
      }
    }

    @Test func `connections that broke are replaced`() async throws {
      try await withDatabases(2) { databases in
        _ = try await databases[0].write { try $0.execute("CREATE TABLE t (n BIGINT)", []) }
        let end = """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()
          """
        for _ in 0..<3 {
          _ = try await databases[1].read { try $0.rows(end, []) }
          _ = try await databases[0].write { try $0.execute("INSERT INTO t VALUES (1)", []) }
        }
        #expect(try await databases[0].read { try $0.rows("SELECT n FROM t", []).count } == 3)
      }
    }

    @Test func `a connection that breaks in a commit is a failure and no answer`() async throws {
      try await withDatabases { databases in
        try await databases[0].write { connection in
          try connection.execute("CREATE TABLE t (n BIGINT)", [])
          try connection.execute(
            """
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
            """, [])
          try connection.execute(
            """
            CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION die()
            """, [])
        }
        let runs = Counter()
        let unknown = try await failure {
          try await databases[0].write { connection in
            runs.add()
            try connection.execute("INSERT INTO t VALUES (1)", [])
          }
        }
        #expect(unknown?.kind == .unknownOutcome)
        #expect(runs.value == 1)
      }
    }

    @Test func `collisions are run again, within bounds`() async throws {
      try await withDatabases { databases in
        let runs = Counter()
        let conflict = "DO 'BEGIN RAISE SQLSTATE ''40001''; END'"
        let value = try await databases[0].write { connection in
          runs.add()
          if runs.value < 4 { try connection.execute(conflict, []) }
          return runs.value
        }
        #expect(value == 4)
        let endless = try await failure {
          try await databases[0].write { _ = try $0.execute(conflict, []) }
        }
        #expect(endless?.kind == .conflict)
      }
    }

    @Test func `one front end at a time publishes, and one that is gone holds up nobody`()
      async throws
    {
      try await withDatabases(2) { databases in
        let inside = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<12 {
            group.addTask {
              try await databases[index % 2].exclusively {
                inside.add()
                #expect(inside.value == 1)
                try await Task.sleep(for: .milliseconds(2))
                inside.add(-1)
              }
            }
          }
          try await group.waitForAll()
        }
        try await databases[0].exclusively {
          // The connection that holds the lock is ended, as by the death of its process.
          _ = try await databases[1].read {
            try $0.rows(
              """
              SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND state = 'idle in transaction'
              """, [])
          }
          try await databases[1].exclusively { inside.add() }
        }
        #expect(inside.value == 1)
      }
    }

    @Test func `nothing waits for ever`() async throws {
      var limits = PostgreSQLConnection.Limits()
      limits.statement = .milliseconds(300)
      limits.patience = .milliseconds(200)
      try await withDatabases(2, limits: limits) { databases in
        let slow = try await failure {
          try await databases[0].read { _ = try $0.rows("SELECT pg_sleep(60)", []) }
        }
        #expect(slow?.field == "SQLSTATE 57014")
        // The server's process stands still: its own time-outs do too.
        let stopped = try await failure {
          try await databases[0].read { connection in
            let process = try connection.rows("SELECT pg_backend_pid() AS p", [])[0].integer("p")
            kill(pid_t(process), SIGSTOP)
            defer { kill(pid_t(process), SIGCONT) }
            _ = try connection.rows("SELECT 1", [])
          }
        }
        #expect(stopped?.found.contains("no answer in 500 ms") == true)
      }
    }
  }

  /// Counts from several threads.
  final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add(_ number: Int = 1) { count.add(number, ordering: .relaxed) }
  }
#endif
