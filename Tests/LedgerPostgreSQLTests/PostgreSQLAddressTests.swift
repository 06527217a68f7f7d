#if PostgreSQL
  import Foundation
  import Testing

  @testable import LedgerPostgreSQL

  @Suite struct PostgreSQLAddressTests {
    @Test func `an address is what libpq reads, named without secrets`() throws {
      let address = try PostgreSQLAddress("postgres://me@db.example:5433/log?sslmode=require")
      #expect(address.name == "postgres://me@db.example:5433/log")
      #expect(address.parameters["sslmode"] == "require")
      #expect(try PostgreSQLAddress("host=/run/db dbname=log").name == "postgres:///run/db/log")
    }

    @Test(arguments: [
      "postgres://me:hunter2@db.example/log", "postgres://db.example/log?password=hunter2",
      "host=db.example password=hunter2", "postgres://me:%zhunter2@db.example/log",
      "postgres://me:hunter2@[db.example/log", "host=x hunter2", "",
    ])
    func `a password or garbage is refused, and not repeated`(_ text: String) {
      let failure = #expect(throws: PostgreSQLFailure.self) { try PostgreSQLAddress(text) }
      #expect(failure?.kind == .address)
      #expect(failure?.description.contains("hunter2") == false)
    }

    @Test func `no server, and one that never answers, are told in time`() async throws {
      let start = ContinuousClock.now
      // A listener that takes connections and says nothing.
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(listener) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let port = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          bind(listener, pointer, length) == 0 && getsockname(listener, pointer, &length) == 0
        }
      }
      try #require(port)
      let number = UInt16(bigEndian: address.sin_port)
      let text = "postgres://me@127.0.0.1:\(number)/log?connect_timeout=2"
      for isListening in [false, true] {
        if isListening { listen(listener, 4) }
        let failure = await #expect(throws: PostgreSQLFailure.self) {
          _ = try await PostgreSQLDatabase.open(PostgreSQLAddress(text))
        }
        #expect(failure?.kind == .unreachable)
        #expect(failure?.source == "postgres://me@127.0.0.1:\(number)/log")
      }
      // However busy the machine is: without time-outs this would never end.
      #expect(ContinuousClock.now - start < .seconds(600))
    }
  }

  @Suite(.enabled(if: TestPostgreSQL.isExpected, "needs PostgreSQL: Scripts/setup test"))
  struct PostgreSQLSettingsTests {
    @Test(arguments: [
      ("ALTER DATABASE % SET synchronous_commit = off", "synchronous_commit", "off"),
      ("ALTER DATABASE % SET default_transaction_read_only = on", "transaction_read_only", "on"),
    ])
    func `a database that would lose what it acknowledged is refused`(
      _ change: String, field: String, found: String
    ) async throws {
      let server = try TestPostgreSQL.shared.get()
      let name = try server.createDatabase()
      try server.run(change.replacing("%", with: name))
      let failure = await #expect(throws: PostgreSQLFailure.self) {
        _ = try await PostgreSQLDatabase.open(server.address(name))
      }
      #expect(failure?.kind == .settings)
      #expect(failure?.field == field)
      #expect(failure?.found == found)
    }

    @Test func `a database in another encoding is refused`() async throws {
      let server = try TestPostgreSQL.shared.get()
      let name = try server.createDatabase("ENCODING 'LATIN1' TEMPLATE template0")
      let failure = await #expect(throws: PostgreSQLFailure.self) {
        _ = try await PostgreSQLDatabase.open(server.address(name))
      }
      #expect(failure?.field == "server_encoding")
    }

    @Test func `a server without fsync is refused`() async throws {
      let server = try TestPostgreSQL()
      let name = try server.createDatabase()
      let database = try await PostgreSQLDatabase.open(server.address(name))
      _ = try await database.write { try $0.execute("CREATE TABLE t (n BIGINT)", []) }
      // Those that are connected go on until they connect again.
      try server.restartImmediately()
      _ = try await database.write { try $0.execute("INSERT INTO t VALUES (1)", []) }
      try server.run("ALTER SYSTEM SET fsync = off")
      try server.restartImmediately()
      let failure = await #expect(throws: PostgreSQLFailure.self) {
        _ = try await database.write { try $0.execute("INSERT INTO t VALUES (2)", []) }
      }
      #expect(failure?.field == "fsync")
      try database.close()
    }
  }
#endif
