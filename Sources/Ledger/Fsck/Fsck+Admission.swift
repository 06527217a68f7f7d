import Corpus
import LedgerWire
import TransparencyLog

/// Policies, what agents were admitted for, and what was counted of their quotas.
extension Fsck {
  /// Policies against their signatures, spent invitations against the agents that they admitted.
  func checkAdmission(_ connection: any SQLConnection) throws {
    var policies = PagedRows(
      connection, "SELECT version, digest, note FROM policies", by: ["version"])
    var version = 0
    while let row = try policies.next() {
      version += 1
      let field = "policies[\(version)]"
      check(databaseName, "\(field).version", try row.integer("version"), version)
      let text = try row.text("note")
      do throws(NoteError) {
        let note = try SignedNote(encoded: Array(text.utf8))
        let policy = try LedgerPolicy.verify(note, by: verifier)
        try checkColumns(row, of: policy, field: field)
      } catch {
        differ(
          databaseName, "\(field).note.\(error.field)", found: error.found,
          expected: error.expected)
      }
    }
    var invitations = PagedRows(connection, "SELECT id, agent FROM invitations", by: ["id"])
    while let row = try invitations.next() {
      let id = try row.bytes("id")
      let record = try connection.row(
        "SELECT record FROM agents WHERE key = $1", [.blob(try row.bytes("agent"))]
      )?.bytes("record")
      let agent = record.flatMap {
        try? AgentRegistration.verify($0, origin: verifier.name)
      }
      if case .invitation(let invitation)? = agent?.proof, invitation.id == id { continue }
      differ(
        databaseName, "invitations[\(Hex.encode(id))].agent",
        found: agent.map { "\($0.agent) without it" } ?? "no agent",
        expected: "the agent that was admitted with it")
    }
  }

  private func checkColumns(
    _ row: SQLRow, of policy: LedgerPolicy, field: String
  ) throws(NoteError) {
    guard let (version, digest) = try? (row.integer("version"), row.digest("digest")) else {
      throw NoteError(field: "columns", found: "other types", expected: "a number and a digest")
    }
    check(databaseName, "\(field).note.version", policy.version, version)
    check(databaseName, "\(field).digest", digest, policy.digest)
  }

  /// What an agent's signed registration brought along.
  func checkProof(
    of agent: AgentRegistration, registered: Int, field: String, _ connection: any SQLConnection
  ) throws {
    switch agent.proof {
    case .none: break
    case .work(let digest, let nonce):
      let note = try connection.row(
        "SELECT note FROM policies WHERE digest = $1", [.blob(digest.bytes)]
      )?.text("note")
      guard let note else {
        return differ(
          databaseName, "\(field).record.policy", found: digest.hex,
          expected: "the digest of one of the policies")
      }
      guard checksWork, let signed = try? SignedNote(encoded: Array(note.utf8)),
        let policy = try? LedgerPolicy(text: signed.text), policy.terms.admission.takesWork
      else { return }
      let isProof = try ProofOfWork.check(
        nonce: nonce, work: policy.terms.work, policy: digest, agent: agent.agent)
      check(databaseName, "\(field).record.nonce is a proof of work", isProof, true)
    case .invitation(let invitation):
      do throws(LedgerRefusal) {
        try invitation.verify(by: verifier, now: registered)
      } catch {
        differ(
          databaseName, "\(field).record.\(error.field)", found: error.found,
          expected: error.expected)
      }
      let user = try connection.row(
        "SELECT agent FROM invitations WHERE id = $1", [.blob(invitation.id)]
      )?.bytes("agent")
      check(databaseName, "\(field).record.invitation is spent", user, agent.agent.bytes)
    }
  }

  /// The running sum of an agent's bytes, from which quotas are counted.
  func checkBytes(
    _ row: SQLRow, agent: ContributorKey, sequence: Int, count: Int, field: String,
    _ connection: any SQLConnection
  ) throws {
    let before = try connection.integer(
      "SELECT agent_bytes FROM entries WHERE agent = $1 AND sequence = $2",
      [.blob(agent.bytes), .integer(sequence - 1)])
    check(
      databaseName, "\(field).agent_bytes", try row.integer("agent_bytes"), (before ?? 0) + count)
  }
}
