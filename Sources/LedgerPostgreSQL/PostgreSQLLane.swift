#if PostgreSQL
  import Foundation
  import Ledger
  import Synchronization

  /// Connections that are used side by side, each on a thread that may wait.
  ///
  /// There are never more of them than threads. Work that finds all of them taken waits its turn.
  final class PostgreSQLLane: Sendable {
    private let address: PostgreSQLAddress
    private let access: PostgreSQLDatabase.Access
    private let limits: PostgreSQLConnection.Limits
    private let threads: OperationQueue
    private let idle = Mutex(Idle())

    private struct Idle {
      var connections: [PostgreSQLConnection] = []
      var isClosed = false
    }

    init(
      _ name: String, width: Int, _ address: PostgreSQLAddress,
      access: PostgreSQLDatabase.Access, limits: PostgreSQLConnection.Limits
    ) {
      self.address = address
      self.access = access
      self.limits = limits
      threads = OperationQueue()
      threads.name = name
      threads.maxConcurrentOperationCount = width
    }

    /// Runs `body` on a thread of the lane; what it asks of a connection may wait there.
    func run<Value: Sendable>(
      _ body: @escaping @Sendable (PostgreSQLLane) throws -> Value
    ) async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        threads.addOperation { continuation.resume(with: Result { try body(self) }) }
      }
    }

    /// A connection that nobody else uses; it has to be put back.
    func take() throws(PostgreSQLFailure) -> PostgreSQLConnection {
      let (connection, isClosed) = idle.withLock { ($0.connections.popLast(), $0.isClosed) }
      guard !isClosed else {
        throw PostgreSQLFailure(
          .statement, source: address.name, field: "connection", found: "a closed database",
          expected: "an open one")
      }
      if let connection { return connection }
      return try PostgreSQLConnection(address, access: access, limits: limits)
    }

    func putBack(_ connection: PostgreSQLConnection) {
      guard connection.isUsable else { return }
      idle.withLock { if !$0.isClosed { $0.connections.append(connection) } }
    }

    /// Waits for what runs, and ends the connections.
    func close() {
      threads.waitUntilAllOperationsAreFinished()
      idle.withLock { idle in
        idle.isClosed = true
        idle.connections = []
      }
    }
  }

  extension PostgreSQLLane {
    /// Attempts when transactions collide; each waits a little longer than the one before.
    private static let maximumAttempts = 12
    /// Attempts when connections break: after a restart of the server all that wait are dead.
    private static let maximumConnections = 3

    /// Runs a transaction on the calling thread, again if the server asks for that.
    func transactionHere<Value>(
      _ kind: PostgreSQLTransaction, _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
      var attempts = 0
      var broken = 0
      while true {
        let connection = try take()
        defer { putBack(connection) }
        do {
          return try connection.transaction(kind, body)
        } catch let failure as PostgreSQLFailure {
          switch failure.kind {
          case .conflict where attempts < Self.maximumAttempts:
            attempts += 1
            let longest = min(0.25, 0.002 * Double(1 << attempts))
            Thread.sleep(forTimeInterval: .random(in: 0...longest))
          case .lost where broken < Self.maximumConnections: broken += 1
          default: throw failure
          }
        }
      }
    }

    func transaction<Value: Sendable>(
      _ kind: PostgreSQLTransaction,
      _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
      try await run { lane in try lane.transactionHere(kind, body) }
    }
  }
#endif
