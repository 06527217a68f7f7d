import Corpus
import LedgerWire
import TransparencyLog

extension LedgerStore {
  /// The signed policy with these terms; when they are others than the last, the next version.
  ///
  /// Every policy is kept: registered agents name the one that they worked for.
  func adopt(
    _ terms: PolicyTerms, now: Int
  ) async throws -> (policy: LedgerPolicy, note: SignedNote) {
    let (origin, signer, verifier) = (verifier.name, signer, verifier)
    return try await database.write { connection in
      // Another process may adopt terms at the same moment; then its version is looked at.
      for _ in 0..<3 {
        let row = try connection.row(
          "SELECT version, note FROM policies ORDER BY version DESC LIMIT 1")
        var last: LedgerPolicy?
        if let row {
          let note = try Self.policyNote(row, source: connection.source)
          let policy = try Self.verify(note, by: verifier, source: connection.source)
          if policy.terms == terms { return (policy, note) }
          last = policy
        }
        try self.checkLogShards(terms, after: last, connection)
        let version = try (row?.integer("version") ?? 0) + 1
        let policy = LedgerPolicy(origin: origin, version: version, terms: terms)
        let note = try policy.sign(by: signer)
        let isMine =
          try connection.execute(
            """
            INSERT INTO policies (version, digest, note, since) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            [.integer(version), .blob(policy.digest.bytes), .text(note.encoded), .integer(now)])
          == 1
        if isMine { return (policy, note) }
      }
      throw LedgerError(
        file: connection.source, field: "policies", found: "terms that change all the time",
        expected: "the same terms in all processes on this database")
    }
  }

  private static func policyNote(_ row: SQLRow, source: String) throws -> SignedNote {
    let text = try row.text("note")
    do throws(NoteError) {
      return try SignedNote(encoded: Array(text.utf8))
    } catch {
      throw LedgerError(
        file: source, field: "policies.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }

  private static func verify(
    _ note: SignedNote, by verifier: NoteVerifier, source: String
  ) throws -> LedgerPolicy {
    do throws(NoteError) {
      return try LedgerPolicy.verify(note, by: verifier)
    } catch {
      throw LedgerError(
        file: source, field: "policies.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }
}
