#if PostgreSQL
  import Ledger

  extension PostgreSQLDatabase {
    package func isCurrent(_ connection: any SQLConnection) throws -> Bool {
      let made = try Self.migrationsMade(connection)
      return LedgerSchema.migrations.allSatisfy { made.contains($0.name) }
    }

    /// Makes the migrations that are missing, each in one transaction; front ends take turns.
    func migrate() async throws {
      try await write { connection in
        guard try !Self.hasMigrations(connection) else { return }
        try connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY)", [])
      }
      for migration in LedgerSchema.migrations {
        try await write { connection in
          guard try !Self.migrationsMade(connection).contains(migration.name) else { return }
          try migration.run(connection)
          try connection.execute(
            "INSERT INTO migrations (name) VALUES ($1)", [.text(migration.name)])
        }
      }
      let made = try await read { try Self.migrationsMade($0) }
      let known = LedgerSchema.migrations.map(\.name)
      if let newer = made.subtracting(known).min() {
        throw PostgreSQLFailure(
          .settings, source: source, field: "migrations",
          found: "\"\(newer)\", which is of a newer program",
          expected: "none after \"\(known.last ?? "")\"; install the newer program here as well")
      }
    }

    private static func migrationsMade(_ connection: any SQLConnection) throws -> Set<String> {
      guard try hasMigrations(connection) else { return [] }
      return Set(
        try connection.rows("SELECT name FROM migrations", []).map { try $0.text("name") })
    }

    private static func hasMigrations(_ connection: any SQLConnection) throws -> Bool {
      try !connection.rows(
        """
        SELECT table_name FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name = 'migrations'
        """, []
      ).isEmpty
    }
  }
#endif
