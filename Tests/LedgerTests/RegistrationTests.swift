import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import Ledger

/// Who is admitted, and who is not.
@Suite struct RegistrationTests {
  private static let now = 1_795_000_000

  private func terms(
    _ admission: AdmissionRule, memory: Int = 1, bits: Int = 4
  ) throws -> PolicyTerms {
    PolicyTerms(admission: admission, work: try WorkParameters(memory: memory, bits: bits))
  }

  private func policy(of ledger: TestLedger) async throws -> LedgerPolicy {
    let note = try SignedNote(encoded: Array(await ledger.service.policy().utf8))
    return try LedgerPolicy.verify(note, by: ledger.store.verifier)
  }

  /// What the agent has to send after it worked for that policy.
  private func worked(_ agent: TestAgent, for policy: LedgerPolicy) throws -> [UInt8] {
    let solution = try #require(
      try ProofOfWork.solve(
        work: policy.terms.work, policy: policy.digest, agent: agent.identity.publicKey))
    return try agent.registration(proof: .work(policy: policy.digest, nonce: solution.nonce))
  }

  private func invited(
    _ agent: TestAgent, by ledger: TestLedger, expires: Int = RegistrationTests.now
  ) throws -> [UInt8] {
    let invitation = try Invitation.issue(by: ledger.store.signer, expires: expires)
    return try agent.registration(proof: .invitation(invitation))
  }

  private func refused(_ ledger: TestLedger, _ body: [UInt8]) async throws -> LedgerRefusal? {
    try await refusal { _ = try await ledger.service.registerAgent(body) }
  }

  @Test func `a proof of work admits an agent once and for all`() async throws {
    let folder = try TemporaryFolder()
    let agent = try TestAgent()
    do {
      let ledger = try TestLedger(folder: folder, terms: terms(.work))
      let refusal = try await refused(ledger, agent.registration())
      #expect(refusal?.error == .notAdmitted)
      #expect(refusal?.field == "admission")
      #expect(refusal?.expected == "a proof of work for the policy at /v1/policy")
      let body = try worked(agent, for: await policy(of: ledger))
      let known = try await ledger.service.registerAgent(body)
      #expect(known.agent == agent.identity.publicKey.hex)
      #expect(try await ledger.service.registerAgent(body) == known)
      #expect(try await ledger.service.registerAgent(agent.registration()) == known)
      try ledger.store.close()
    }
    // Under harder terms too, and without any proof.
    let ledger = try TestLedger(folder: folder, terms: terms(.work, bits: 20))
    #expect(try await ledger.service.registerAgent(agent.registration()).nextSequence == 0)
    try ledger.store.close()
    #expect(try differences(folder, checksWork: true) == [])
  }

  @Test func `a number that is no proof is refused`() async throws {
    let ledger = try TestLedger(terms: terms(.workOrInvitation, bits: 16))
    let agent = try TestAgent(seed: 1)
    let body = try await agent.registration(
      proof: .work(policy: policy(of: ledger).digest, nonce: 0))
    let refusal = try await refused(ledger, body)
    #expect(refusal?.error == .notAdmitted)
    #expect(refusal?.field == "agent.nonce")
    #expect(try await ledger.store.knownAgent(agent.identity.publicKey) == nil)
  }

  @Test func `work for another log or for older terms is refused`() async throws {
    let (here, there) = (
      try TestLedger(terms: terms(.work)), try NoteSigner(name: "other.example/log", key: .init())
    )
    let agent = try TestAgent()
    let present = try await policy(of: here)
    for policy in [
      LedgerPolicy(origin: there.verifier.name, version: 1, terms: present.terms),
      LedgerPolicy(origin: present.origin, version: 2, terms: present.terms),
    ] {
      // Signed anew for this log: only the work is somebody else's.
      let refusal = try await refused(here, worked(agent, for: policy))
      #expect(refusal?.error == .outdatedPolicy)
      #expect(refusal?.expected.hasPrefix(present.digest.hex) == true)
    }
    // And the record as it was made for the other log.
    let policy = LedgerPolicy(origin: there.verifier.name, version: 1, terms: present.terms)
    let record = try agent.registration(
      origin: there.verifier.name, proof: .work(policy: policy.digest, nonce: 0))
    #expect(try await refused(here, record)?.error == .wrongOrigin)
  }

  @Test func `each rule takes its own kinds of proof`() async throws {
    let taken: [AdmissionRule: [Bool]] = [
      .open: [true, true, true], .work: [false, true, false], .invitation: [false, false, true],
      .workOrInvitation: [false, true, true],
    ]
    for rule in AdmissionRule.allCases {
      let ledger = try TestLedger(terms: terms(rule, bits: 1), now: { Self.now })
      let agents = try (0..<3).map { _ in try TestAgent() }
      let bodies = [
        try agents[0].registration(),
        try worked(agents[1], for: await policy(of: ledger)),
        try invited(agents[2], by: ledger),
      ]
      for (index, body) in bodies.enumerated() {
        let refusal = try await refused(ledger, body)
        #expect((refusal == nil) == taken[rule]?[index], "\(rule) \(index)")
        #expect(refusal == nil || refusal?.error == .notAdmitted)
      }
      try ledger.store.close()
      #expect(try differences(ledger.folder, checksWork: true) == [])
    }
  }

  @Test func `an invitation admits one agent, also across a restart`() async throws {
    let folder = try TemporaryFolder()
    var ledger = try TestLedger(folder: folder, terms: terms(.invitation), now: { Self.now })
    let invitation = try Invitation.issue(by: ledger.store.signer, expires: Self.now)
    let agents = try (0..<3).map { _ in try TestAgent() }
    let bodies = try agents.map { try $0.registration(proof: .invitation(invitation)) }
    let known = try await ledger.service.registerAgent(bodies[0])
    #expect(try await ledger.service.registerAgent(bodies[0]) == known)
    for body in bodies[1...] {
      let refusal = try await refused(ledger, body)
      #expect(refusal?.error == .notAdmitted)
      #expect(refusal?.found == "one that was used before")
      try ledger.store.close()
      ledger = try TestLedger(folder: folder, terms: terms(.invitation), now: { Self.now })
    }
    #expect(try await ledger.store.knownAgent(agents[1].identity.publicKey) == nil)
  }

  @Test func `of agents that race for one invitation one is admitted`() async throws {
    let ledger = try TestLedger(terms: terms(.invitation), now: { Self.now })
    let invitation = try Invitation.issue(by: ledger.store.signer, expires: Self.now)
    let bodies = try (0..<8).map { _ in
      try TestAgent().registration(proof: .invitation(invitation))
    }
    let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
      for body in bodies {
        group.addTask { try await self.refused(ledger, body) == nil }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 1)
  }

  @Test func `an agent that is known spends no invitation`() async throws {
    let ledger = try TestLedger(terms: terms(.invitation), now: { Self.now })
    let (first, second) = (try TestAgent(), try TestAgent())
    _ = try await ledger.service.registerAgent(invited(first, by: ledger))
    let invitation = try Invitation.issue(by: ledger.store.signer, expires: Self.now)
    for agent in [first, second] {
      let body = try agent.registration(proof: .invitation(invitation))
      #expect(try await refused(ledger, body) == nil)
    }
  }

  @Test func `an invitation that expired, or to another log, is refused and says why`() async throws
  {
    let ledger = try TestLedger(terms: terms(.invitation), now: { Self.now })
    let late = try await refused(
      ledger, invited(TestAgent(), by: ledger, expires: Self.now - 1))
    #expect(late?.error == .notAdmitted)
    #expect(late?.found == "one that expired at \(Self.now - 1)")
    for name in ["other.example/log", TestAgent.origin] {
      let other = try NoteSigner(name: name, key: .init())
      let invitation = try Invitation.issue(by: other, expires: Self.now)
      let refusal = try await refused(
        ledger, TestAgent().registration(proof: .invitation(invitation)))
      #expect(refusal?.error == .wrongOrigin)
      #expect(refusal?.found == "one to another log")
    }
  }

  @Test func `a token comes back as it was, and every changed character is noticed`() throws {
    let signer = try NoteSigner(name: TestAgent.origin, key: .init())
    let token = try Invitation.issue(by: signer, expires: Self.now).token
    #expect(token.hasPrefix("tributary-invitation."))
    #expect(token.utf8.count < 150)
    let read = try Invitation(token: token + "\n")
    #expect(read.token == token)
    try read.verify(by: signer.verifier, now: Self.now)
    for index in token.indices {
      for character in ["A", "B", "=", "\u{e9}", ""] where character != String(token[index]) {
        let bad = token.replacingCharacters(in: index...index, with: character)
        #expect(throws: (any Error).self, "\(bad)") {
          try Invitation(token: bad).verify(by: signer.verifier, now: Self.now)
        }
      }
    }
    for text in ["", "tributary-invitation.", String(repeating: "A", count: 1 << 20)] {
      #expect(throws: NoteError.self) { try Invitation(token: text) }
    }
  }

  @Test func `a flood of wrong proofs is checked a few at a time and the rest told to come back`()
    async throws
  {
    let ledger = try TestLedger(terms: terms(.work, memory: 2, bits: 30))
    let digest = try await policy(of: ledger).digest
    let refusals = try await withThrowingTaskGroup(of: LedgerRefusal?.self) { group in
      for index in 0..<300 {
        let body = try TestAgent().registration(proof: .work(policy: digest, nonce: index))
        group.addTask { try await self.refused(ledger, body) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let busy = refusals.filter { $0?.error == .busy }
    #expect(!busy.isEmpty)
    #expect(busy.allSatisfy { $0?.retryAfter == Registrar.retryAfter })
    let wrong = refusals.filter { $0?.error == .notAdmitted }.count
    #expect(wrong >= Registrar.maximumChecking + Registrar.maximumWaiting)
    #expect(wrong + busy.count == 300)
    // All places are free again.
    let body = try TestAgent().registration(proof: .work(policy: digest, nonce: 0))
    #expect(try await refused(ledger, body)?.error == .notAdmitted)
  }

  @Test(arguments: [
    ("UPDATE policies SET note = replace(note, 'bits=1', 'bits=0')", "policies[1].note."),
    ("UPDATE policies SET note = 'x'", "policies[1].note."),
    ("UPDATE policies SET digest = zeroblob(32)", "policies[1].digest"),
    ("UPDATE policies SET version = 2", "policies[1].version"),
    ("DELETE FROM policies", "agents["),
    ("DELETE FROM invitations", "agents["),
    ("UPDATE invitations SET agent = zeroblob(32)", "invitations["),
    ("UPDATE invitations SET id = zeroblob(16)", "invitations["),
    ("INSERT INTO invitations SELECT zeroblob(16), key, 0 FROM agents LIMIT 1", "invitations["),
    ("UPDATE agents SET registered = registered + 99", "agents["),
  ]) func `fsck finds a changed row and names it`(sql: String, field: String) async throws {
    let ledger = try TestLedger(terms: terms(.workOrInvitation, bits: 1), now: { Self.now })
    _ = try await ledger.service.registerAgent(
      worked(TestAgent(), for: await policy(of: ledger)))
    _ = try await ledger.service.registerAgent(invited(TestAgent(), by: ledger))
    try ledger.store.close()
    try await DatabaseQueue(path: ledger.folder.path + "/" + LedgerSchema.file).write {
      try $0.execute(sql: sql)
    }
    let differences = try differences(ledger.folder, checksWork: false)
    #expect(differences.contains { $0.field.hasPrefix(field) }, "\(sql): \(differences)")
  }

  @Test func `fsck computes proofs again when it is asked to`() async throws {
    let ledger = try TestLedger(terms: terms(.work, bits: 16))
    let agent = try TestAgent(seed: 1)
    let digest = try await policy(of: ledger).digest
    let record = try agent.registration(proof: .work(policy: digest, nonce: 0))
    let registration = try AgentRegistration.verify(record, origin: TestAgent.origin)
    _ = try await ledger.store.register(registration, record: record, now: Self.now)
    try await ledger.service.start()
    try ledger.store.close()
    #expect(try differences(ledger.folder, checksWork: false) == [])
    #expect(try differences(ledger.folder, checksWork: true).count == 1)
  }

  /// What fsck says, but for a log that was never published.
  private func differences(_ folder: TemporaryFolder, checksWork: Bool) throws -> [Difference] {
    try Fsck.differences(in: folder, checksWork: checksWork).filter {
      !$0.file.hasSuffix("checkpoint")
    }
  }
}
