#if PostgreSQL
  import CLibpq

  /// Where a database is: what libpq understands, without a password.
  package struct PostgreSQLAddress: Equatable, Sendable {
    /// The address in errors.
    package let name: String
    let parameters: [String: String]

    /// Reads `postgres://USER@HOST:PORT/NAME` or `host=... dbname=...`.
    ///
    /// What is not given comes from the environment (`PGHOST`, `PGPASSWORD`, ...) and `~/.pgpass`, as
    /// for every program with libpq.
    package init(_ text: String) throws(PostgreSQLFailure) {
      let parameters = Self.parse(text)
      guard let parameters, !text.isEmpty else {
        // libpq's own words may hold a part of a password.
        throw PostgreSQLFailure(
          .address, source: "--database", field: "address",
          found: "something that libpq cannot read", expected: "postgres://USER@HOST:PORT/NAME")
      }
      for secret in ["password", "sslpassword"] where parameters[secret] != nil {
        throw PostgreSQLFailure(
          .address, source: "--database", field: secret, found: "one in the address",
          expected: "none, since others can read it there; use PGPASSWORD or ~/.pgpass")
      }
      self.parameters = parameters
      name = Self.name(of: parameters)
    }

    private static func parse(_ text: String) -> [String: String]? {
      var problem: UnsafeMutablePointer<CChar>?
      defer { PQfreemem(problem) }
      guard let options = PQconninfoParse(text, &problem) else { return nil }
      defer { PQconninfoFree(options) }
      var parameters: [String: String] = [:]
      var option = options
      while let keyword = option.pointee.keyword {
        if let value = option.pointee.val {
          parameters[String(cString: keyword)] = String(cString: value)
        }
        option += 1
      }
      return parameters
    }

    private static func name(of parameters: [String: String]) -> String {
      let user = parameters["user"].map { "\($0)@" } ?? ""
      let host = parameters["host"] ?? parameters["hostaddr"] ?? ""
      let port = parameters["port"].map { ":\($0)" } ?? ""
      return "postgres://\(user)\(host)\(port)/\(parameters["dbname"] ?? "")"
    }
  }
#endif
