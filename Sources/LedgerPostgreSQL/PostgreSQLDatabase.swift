#if PostgreSQL
  import Foundation
  import Ledger
  import Synchronization

  /// A ledger's state in PostgreSQL, which several front ends share.
  ///
  /// One transaction at a time changes anything, as in SQLite: each begins by locking one row, and
  /// sees from there on all that was committed before. Reads never wait for it.
  package final class PostgreSQLDatabase: SQLDatabase {
    /// What the database is used for.
    package enum Access: Sendable {
      case reading
      case changing
    }

    package let source: String
    package var isShared: Bool { true }
    private let readers: PostgreSQLLane
    private let writer: PostgreSQLLane
    private let publisher: PostgreSQLLane
    private let turn = Turn()

    /// Connects, and makes the tables that are missing; refuses a server that does not keep what it
    /// acknowledges, and tables of a newer program.
    package static func open(
      _ address: PostgreSQLAddress, access: Access = .changing
    ) async throws -> PostgreSQLDatabase {
      try await open(address, access: access, limits: .init())
    }

    static func open(
      _ address: PostgreSQLAddress, access: Access = .changing,
      limits: PostgreSQLConnection.Limits
    ) async throws -> PostgreSQLDatabase {
      let database = PostgreSQLDatabase(address, access: access, limits)
      do {
        switch access {
        case .reading: try await database.read { _ in }
        case .changing:
          try await database.createLocks()
          try await database.migrate()
        }
      } catch {
        try? database.close()
        throw error
      }
      return database
    }

    private init(
      _ address: PostgreSQLAddress, access: Access, _ limits: PostgreSQLConnection.Limits
    ) {
      source = address.name
      let lane = { (name: String, width: Int, limits: PostgreSQLConnection.Limits) in
        PostgreSQLLane(name, width: width, address, access: access, limits: limits)
      }
      readers = lane("readers", 4, limits)
      writer = lane("writer", 1, limits)
      // The lock is held while witnesses are asked, for a minute at most.
      publisher = lane(
        "publisher", 1,
        .init(statement: .seconds(90), lock: .seconds(80), idleInTransaction: .seconds(75)))
    }

    package func read<Value: Sendable>(
      _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
      try await readers.transaction(.reading, body)
    }

    package func readBlocking<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value {
      let connection = try readers.take()
      defer { readers.putBack(connection) }
      return try connection.transaction(.reading, body)
    }

    package func write<Value: Sendable>(
      _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
      try await writer.transaction(.alone(.sequencing), body)
    }

    package func exclusively<Value: Sendable>(
      _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
      await turn.begin()
      defer { turn.end() }
      let connection = try await publisher.lock()
      do {
        let value = try await body()
        await publisher.unlock(connection)
        return value
      } catch {
        await publisher.unlock(connection)
        throw error
      }
    }

    /// The server checks its pages itself, when it has checksums.
    package func damages(_ connection: any SQLConnection) throws -> [String] { [] }

    package func close() throws {
      for lane in [readers, writer, publisher] { lane.close() }
    }

    /// Front ends may be started on an empty database at the same time.
    private func createLocks() async throws {
      try await writer.run { lane in
        var attempts = 0
        while true {
          let connection = try lane.take()
          defer { lane.putBack(connection) }
          do {
            try PostgreSQLLock.create(connection)
            return
          } catch let failure as PostgreSQLFailure {
            // Two that create a table at once: one of them fails on the catalogue's own index.
            attempts += 1
            guard failure.kind == .statement, attempts < 5 else { throw failure }
            Thread.sleep(forTimeInterval: 0.1)
          }
        }
      }
    }
  }
#endif
