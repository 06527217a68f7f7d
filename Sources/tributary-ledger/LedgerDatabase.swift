import ArgumentParser
import Ledger

#if PostgreSQL
  import LedgerPostgreSQL
#endif

/// The database that a command names with `--database`.
enum LedgerDatabase {
  enum Access {
    case reading
    case changing
  }

  /// Whether an error came from a database, and not from what is in it.
  static func failed(_ error: any Error) -> Bool {
    #if PostgreSQL
      if error is PostgreSQLFailure { return true }
    #endif
    return error is DatabaseFailure
  }

  /// Nil without an address: SQLite's file in the data folder.
  static func open(_ address: String?, _ access: Access) async throws -> (any SQLDatabase)? {
    guard let address else { return nil }
    #if PostgreSQL
      do {
        return try await PostgreSQLDatabase.open(
          PostgreSQLAddress(address), access: access == .reading ? .reading : .changing)
      } catch let failure as PostgreSQLFailure {
        switch failure.kind {
        case .address: try fail("\(failure)", Exit.usage)
        case .settings: try fail("\(failure)", Exit.badData)
        default: try fail("\(failure)", Exit.unavailable)
        }
      }
    #else
      _ = (address, access)
      try fail(
        "--database: this program was built without PostgreSQL; build it with 'swift build -c "
          + "release --traits PostgreSQL'", Exit.unavailable)
    #endif
  }
}
