#if PostgreSQL
  import Ledger
  import Synchronization

  extension PostgreSQLLane {
    /// Locks the row of the publication until ``unlock(_:)``.
    func lock() async throws -> PostgreSQLConnection {
      try await run { lane in
        var attempts = 0
        while true {
          let connection = try lane.take()
          do throws(PostgreSQLFailure) {
            try connection.begin(.alone(.publication))
            return connection
          } catch {
            connection.rollback()
            lane.putBack(connection)
            attempts += 1
            guard error.kind == .lost || error.kind == .conflict, attempts < 3 else { throw error }
          }
        }
      }
    }

    /// Whether the lock was lost before does not matter: see ``PostgreSQLDatabase/exclusively(_:)``.
    func unlock(_ connection: PostgreSQLConnection) async {
      try? await run { lane in
        connection.rollback()
        lane.putBack(connection)
      }
    }
  }

  /// Lets tasks through one after the other, in the order in which they came.
  final class Turn: Sendable {
    private struct State {
      var isTaken = false
      var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func begin() async {
      await withCheckedContinuation { continuation in
        let isMine = state.withLock { state in
          if state.isTaken { state.waiting.append(continuation) }
          defer { state.isTaken = true }
          return !state.isTaken
        }
        if isMine { continuation.resume() }
      }
    }

    func end() {
      let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard !state.waiting.isEmpty else {
          state.isTaken = false
          return nil
        }
        return state.waiting.removeFirst()
      }
      next?.resume()
    }
  }
#endif
