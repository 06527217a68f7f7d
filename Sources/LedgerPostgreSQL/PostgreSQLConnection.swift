#if PostgreSQL
  import CLibpq
  import Foundation
  import Ledger

  /// One connection; it is used by one thread at a time, as ``PostgreSQLLane`` sees to.
  ///
  /// Every wait has an end: the server's own time-outs come first, and a server that does not answer
  /// at all is left after a few seconds more.
  final class PostgreSQLConnection: SQLConnection, @unchecked Sendable {
    /// How long a session may take for what.
    struct Limits: Sendable {
      var statement = Duration.seconds(30)
      /// For a row that another front end has locked.
      var lock = Duration.seconds(15)
      /// A front end that stands still in a transaction loses its locks then.
      var idleInTransaction = Duration.seconds(15)
      /// For an answer, beyond the server's own time-outs.
      var patience = Duration.seconds(5)
      static let connect = 10

      var answer: Duration { statement + patience }
    }

    /// Statements that stay prepared; the program has fewer.
    private static let maximumPrepared = 256

    /// A statement for arguments of these types; NULL fits all.
    private final class Prepared {
      let name: String
      let types: [Oid]
      var columns: [String: Int]?

      init(name: String, types: [Oid]) {
        self.name = name
        self.types = types
      }

      func takes(_ arguments: [Oid]) -> Bool {
        zip(arguments, types).allSatisfy { $0 == 0 || $0 == $1 }
      }
    }

    let source: String
    var dialect: SQLDialect { .postgreSQL }

    let handle: OpaquePointer
    private let limits: Limits
    private var prepared: [String: [Prepared]] = [:]
    private var preparedCount = 0
    /// After a broken connection or a time-out nothing is known of the session any more.
    private(set) var isUsable = true

    init(
      _ address: PostgreSQLAddress, access: PostgreSQLDatabase.Access, limits: Limits
    ) throws(PostgreSQLFailure) {
      source = address.name
      self.limits = limits
      var parameters = address.parameters
      parameters["client_encoding"] = "UTF8"
      let defaults = [
        "connect_timeout": "\(Limits.connect)", "tcp_user_timeout": "30000",
        "fallback_application_name": "tributary-ledger",
      ]
      parameters.merge(defaults) { given, _ in given }
      guard let handle = Self.connect(parameters) else {
        throw PostgreSQLFailure(
          .unreachable, source: source, field: "connection", found: "no memory", expected: "some")
      }
      self.handle = handle
      guard PQstatus(handle) == CONNECTION_OK else {
        throw PostgreSQLFailure(
          .unreachable, source: source, field: "connection", found: problem,
          expected: "a server that accepts it")
      }
      PQsetnonblocking(handle, 1)
      try checkServer(for: access)
      try run(
        """
        SET statement_timeout = \(limits.statement.milliseconds);
        SET lock_timeout = \(limits.lock.milliseconds);
        SET idle_in_transaction_session_timeout = \(limits.idleInTransaction.milliseconds);
        SET client_min_messages = error
        """)
    }

    deinit { PQfinish(handle) }

    private static func connect(_ parameters: [String: String]) -> OpaquePointer? {
      let pairs = parameters.map { (strdup($0.key), strdup($0.value)) }
      defer {
        for pair in pairs {
          free(pair.0)
          free(pair.1)
        }
      }
      let keywords = pairs.map { UnsafePointer($0.0) } + [nil]
      let values = pairs.map { UnsafePointer($0.1) } + [nil]
      return PQconnectdbParams(keywords, values, 0)
    }

    /// libpq's last message on one line.
    private var problem: String {
      String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: " ")
    }

    // MARK: Statements

    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
      try perform(sql, arguments).answer.changes
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
      let (answer, statement) = try perform(sql, arguments)
      let columns = statement.columns ?? SQLRow.places(of: answer.columns)
      statement.columns = columns
      return try answer.rows(columns)
    }

    private func perform(
      _ sql: String, _ arguments: [SQLValue]
    ) throws(PostgreSQLFailure) -> (answer: PostgreSQLAnswer, statement: Prepared) {
      let statement = try prepare(sql, arguments.map(PostgreSQLType.of))
      let isSent = PostgreSQLArguments(arguments).withPointers { values, lengths, formats in
        PQsendQueryPrepared(
          handle, statement.name, CInt(values.count), values, lengths, formats, 1)
      }
      return (try answer(isSent), statement)
    }

    private func prepare(_ sql: String, _ types: [Oid]) throws(PostgreSQLFailure) -> Prepared {
      if let statement = prepared[sql]?.first(where: { $0.takes(types) }) { return statement }
      if preparedCount >= Self.maximumPrepared {
        try run("DEALLOCATE ALL")
        prepared = [:]
        preparedCount = 0
      }
      let statement = Prepared(name: "s\(preparedCount)", types: types)
      _ = try answer(PQsendPrepare(handle, statement.name, sql, CInt(types.count), types))
      prepared[sql, default: []].append(statement)
      preparedCount += 1
      return statement
    }

    /// Runs statements without arguments; the answer is the last one's.
    @discardableResult
    func run(_ sql: String) throws(PostgreSQLFailure) -> PostgreSQLAnswer {
      try answer(PQsendQuery(handle, sql))
    }

    // MARK: The wire

    private func answer(_ isSent: CInt) throws(PostgreSQLFailure) -> PostgreSQLAnswer {
      guard isSent == 1 else { throw lost(problem) }
      let deadline = ContinuousClock.now + limits.answer
      try flush(by: deadline)
      var last: PostgreSQLAnswer?
      while true {
        while PQisBusy(handle) == 1 {
          try wait(for: POLLIN, by: deadline)
          guard PQconsumeInput(handle) == 1 else { throw lost(problem) }
        }
        guard let result = PQgetResult(handle) else { break }
        // Of several statements the first that failed ends the rest.
        let answer = PostgreSQLAnswer(result, source: source)
        if last?.failure == nil { last = answer }
      }
      guard PQstatus(handle) == CONNECTION_OK, let last else { throw lost(problem) }
      guard let failure = last.failure else { return last }
      if failure.kind == .lost { isUsable = false }
      throw failure
    }

    private func flush(by deadline: ContinuousClock.Instant) throws(PostgreSQLFailure) {
      while true {
        switch PQflush(handle) {
        case 0: return
        case 1:
          try wait(for: POLLIN | POLLOUT, by: deadline)
          guard PQconsumeInput(handle) == 1 else { throw lost(problem) }
        default: throw lost(problem)
        }
      }
    }

    private func wait(
      for events: Int32, by deadline: ContinuousClock.Instant
    ) throws(PostgreSQLFailure) {
      while true {
        let left = deadline - ContinuousClock.now
        guard left > .zero else {
          throw lost("no answer in \(limits.answer.milliseconds) ms")
        }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        let count = poll(&descriptor, 1, CInt(left.milliseconds + 1))
        if count > 0 { return }
        if count < 0, errno != EINTR { throw lost("poll: \(String(cString: strerror(errno)))") }
      }
    }

    private func lost(_ found: String) -> PostgreSQLFailure {
      isUsable = false
      return .lost(source, found.isEmpty ? "a connection that broke" : found)
    }
  }

  extension Duration {
    var milliseconds: Int { Int(self / .milliseconds(1)) }
  }
#endif
