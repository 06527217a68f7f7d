#if PostgreSQL
  import CLibpq
  import Ledger

  extension PostgreSQLConnection {
    /// Begins a transaction; one that is not alone sees the state of this moment to its end.
    func begin(_ kind: PostgreSQLTransaction) throws(PostgreSQLFailure) {
      guard case .alone(let lock) = kind else {
        try run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
      }
      // Each statement sees what was committed before it: after the wait for the lock that is all
      // that those before us did.
      let answer = try run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \(lock.statement)")
      guard answer.rowCount == 1 else {
        throw PostgreSQLFailure(
          .statement, source: source, field: "locks", found: "no row \(lock.rawValue)",
          expected: "the one that was made when the log was created")
      }
    }

    /// Ends a transaction; its changes are durable when this returns.
    func commit() throws(PostgreSQLFailure) {
      let answer: PostgreSQLAnswer
      do throws(PostgreSQLFailure) {
        answer = try run("COMMIT")
      } catch  where error.kind == .lost || error.field == "SQLSTATE 40003" {
        throw PostgreSQLFailure(
          .unknownOutcome, source: source, field: "commit", found: error.found,
          expected: "an answer; the transaction may have happened or not, ask again")
      }
      // The answer to the commit of a transaction in which a statement failed is ROLLBACK.
      guard answer.tag == "COMMIT" else {
        throw PostgreSQLFailure(
          .statement, source: source, field: "commit", found: answer.tag, expected: "COMMIT")
      }
    }

    /// Ends a transaction without a trace; a connection that cannot is not used again.
    func rollback() {
      guard isUsable else { return }
      _ = try? run("ROLLBACK")
    }

    func transaction<Value>(
      _ kind: PostgreSQLTransaction, _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
      do {
        try begin(kind)
        let value = try body(self)
        try commit()
        return value
      } catch {
        rollback()
        throw error
      }
    }

    // MARK: The server

    /// Refuses a server that would lose commits that it acknowledged.
    func checkServer(for access: PostgreSQLDatabase.Access) throws(PostgreSQLFailure) {
      let version = Int(PQserverVersion(handle))
      guard version >= 130_000 else {
        throw settings("server_version", "\(version / 10_000)", "13 or later")
      }
      // A server that only speaks PostgreSQL's protocol may not have them all.
      if try show("fsync") == "off" {
        throw settings("fsync", "off", "on: without it a power failure loses the log")
      }
      if try show("synchronous_commit") == "off" {
        throw settings(
          "synchronous_commit", "off", "on: without it a crash loses acknowledged leaves")
      }
      if access == .changing, try show("transaction_read_only") == "on" {
        throw settings("transaction_read_only", "on", "off: the primary server, not a standby")
      }
      if let encoding = try show("server_encoding"), encoding != "UTF8" {
        throw settings("server_encoding", encoding, "UTF8")
      }
    }

    private func show(_ setting: String) throws(PostgreSQLFailure) -> String? {
      do throws(PostgreSQLFailure) {
        return try run("SHOW \(setting)").text
      } catch  where error.field == "SQLSTATE 42704" {
        return nil
      }
    }

    private func settings(
      _ field: String, _ found: String, _ expected: String
    ) -> PostgreSQLFailure {
      PostgreSQLFailure(.settings, source: source, field: field, found: found, expected: expected)
    }
  }

  enum PostgreSQLTransaction: Sendable {
    case reading
    /// Nobody else holds the lock from its beginning to its end.
    case alone(PostgreSQLLock)
  }

  /// A row that one transaction at a time holds, among all front ends of a log.
  enum PostgreSQLLock: String, CaseIterable {
    /// Held by every transaction that changes something.
    case sequencing
    /// Held from before a checkpoint is signed until it is committed.
    case publication

    var statement: String { "SELECT name FROM locks WHERE name = '\(rawValue)' FOR UPDATE" }

    /// Makes the rows, once for all front ends.
    static func create(_ connection: PostgreSQLConnection) throws(PostgreSQLFailure) {
      do throws(PostgreSQLFailure) {
        guard try connection.run("SELECT name FROM locks").rowCount < allCases.count else { return }
      } catch  where error.field == "SQLSTATE 42P01" {
        try connection.run("CREATE TABLE IF NOT EXISTS locks (name TEXT PRIMARY KEY)")
      }
      let rows = allCases.map { "('\($0.rawValue)')" }.joined(separator: ", ")
      try connection.run("INSERT INTO locks (name) VALUES \(rows) ON CONFLICT DO NOTHING")
    }
  }
#endif
