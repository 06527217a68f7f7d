#if PostgreSQL
  /// Why PostgreSQL did not do what it was asked.
  package struct PostgreSQLFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What can be done about it.
    package enum Kind: Equatable, Sendable {
      /// The address is not one.
      case address
      /// The server would lose what it acknowledges, or is too old.
      case settings
      /// There is no server, or it refuses the user.
      case unreachable
      /// The connection broke, and with it the transaction.
      case lost
      /// The connection broke during a commit, which the server may have made.
      case unknownOutcome
      /// The transaction has to be run again from its start.
      case conflict
      /// The server refused a statement.
      case statement
    }

    package let kind: Kind
    /// The database, without its password.
    package let source: String
    package let field: String
    package let found: String
    package let expected: String

    package var description: String { "\(source): \(field): found \(found), expected \(expected)" }

    init(_ kind: Kind, source: String, field: String, found: String, expected: String) {
      self.kind = kind
      self.source = source
      self.field = field
      self.found = found
      self.expected = expected
    }

    static func lost(_ source: String, _ found: String) -> PostgreSQLFailure {
      PostgreSQLFailure(
        .lost, source: source, field: "connection", found: found,
        expected: "one that lasts; try again")
    }

    /// The kind of a server's error, by its SQLSTATE (appendix A of PostgreSQL's manual).
    static func kind(of state: String) -> Kind {
      switch state {
      case "40001", "40P01": .conflict
      // The server ended the session: shutdown, crash, idle for too long in a transaction.
      case "57P01", "57P02", "57P03", "57P05", "25P03": .lost
      // A prepared statement from before another program changed a table.
      case "0A000": .lost
      case _ where state.hasPrefix("08"): .lost
      default: .statement
      }
    }
  }
#endif
