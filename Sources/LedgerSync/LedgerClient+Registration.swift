import Corpus
import Foundation
import LedgerWire
import Synchronization
import TransparencyLog

/// How much work an agent does to be admitted by a ledger; a ledger that asks for more is refused.
package struct WorkLimits: Equatable, Sendable {
  /// The memory of one try in MiB.
  package var memory: Int
  /// The memory of all expected tries together in MiB: scrypt's time goes with it, at about 400 MiB
  /// a second.
  package var total: Int

  package init(memory: Int = 256, total: Int = 131_072) {
    self.memory = memory
    self.total = total
  }

  /// Why that much work is not done; nil if it is.
  func objection(to work: WorkParameters) -> String? {
    let isSmall = work.memory <= memory && work.bits < 32 && work.memory << work.bits <= total
    if isSmall { return nil }
    return
      "The ledger asks for a proof of work of 2^\(work.bits) tries of \(work.memory) MiB in the "
      + "mean; this agent does at most \(memory) MiB at once and \(total) MiB in all. Ask the "
      + "ledger's operator for an invitation: tributary sync --invitation TOKEN"
  }
}

/// How an agent got to be known to a ledger.
package enum AdmissionOutcome: Equatable, Sendable {
  /// The ledger asked for nothing, or knew the agent.
  case free
  case invitation
  case work(WorkParameters, tries: Int, time: Duration)
}

extension LedgerClient {
  /// A ledger may change its terms while a proof is made for the old ones; so often it is made anew.
  private static let maximumPolicies = 3

  /// Registers an agent at the log of that key, with what the log's policy asks for.
  ///
  /// The ledger is asked first without any work: one that knows the agent, or admits everybody,
  /// needs none. Throws ``Held`` when the agent does not do what the ledger asks for.
  ///
  /// Of log shards the first one takes any key that is registered for claims alone.
  func register(
    _ identity: ContributorIdentity, log: NoteVerifier, invitation: Invitation?,
    limits: WorkLimits = WorkLimits(), forClaims: Bool = false
  ) async throws -> AdmissionOutcome {
    let send = { (proof: AdmissionProof) in
      let body = try AgentRegistration.sign(origin: log.name, identity: identity, proof: proof)
      try await registerAgent(body, forClaims: forClaims)
    }
    let first = invitation.map { AdmissionProof.invitation($0) } ?? .none
    do {
      try await send(first)
      return invitation == nil ? .free : .invitation
    } catch let refusal as LedgerRefusal
      where refusal.error == .notAdmitted && refusal.field == "admission"
    {
      // The kind of proof is not the one; the policy says which is.
    }
    for round in 1... {
      let policy = try await policy(of: log)
      guard policy.terms.admission.takesWork else { throw Held(sentence: policy.demand) }
      let work = policy.terms.work
      if let objection = limits.objection(to: work) { throw Held(sentence: objection) }
      let start = ContinuousClock.now
      let solution = try await solve(work, policy.digest, identity.publicKey)
      let time = ContinuousClock.now - start
      do {
        try await send(.work(policy: policy.digest, nonce: solution.nonce))
        return .work(work, tries: solution.tries, time: time)
      } catch let refusal as LedgerRefusal
        where refusal.error == .outdatedPolicy && round < Self.maximumPolicies
      {
        continue
      }
    }
    throw CancellationError()
  }

  /// Claims a shard at the log of that key, by its manifest and the fingerprints of its documents.
  ///
  /// A contributor whom the ledger does not know is registered first, with what its policy asks for.
  @discardableResult
  package func registerShard(
    _ manifest: ShardManifest, documents: [DocumentFingerprint], identity: ContributorIdentity,
    log: NoteVerifier, invitation: Invitation? = nil
  ) async throws -> ShardMessage {
    guard manifest.contributor == identity.publicKey else {
      throw LedgerRefusal(
        .badSignature, field: "shard.contributor", found: manifest.contributor.hex,
        expected: "your key \(identity.publicKey.hex); only its contributor registers a shard")
    }
    let body = try ShardClaim.sign(
      origin: log.name, root: manifest.root, name: manifest.name, documents: documents,
      identity: identity
    ).encode()
    return try await admitted(identity, log: log, invitation: invitation) {
      try await registerShard(body)
    }
  }

  /// Asks for what a ledger grants to those whom it knows, who are registered first if it demands so.
  package func admitted<Answer: Sendable>(
    _ identity: ContributorIdentity, log: NoteVerifier, invitation: Invitation?,
    _ ask: () async throws -> Answer
  ) async throws -> Answer {
    do {
      return try await ask()
    } catch let refusal as LedgerRefusal where refusal.error == .unknownAgent {
      _ = try await register(identity, log: log, invitation: invitation, forClaims: true)
      return try await ask()
    }
  }

  private func registerShard(_ signed: [UInt8]) async throws -> ShardMessage {
    try json(try await post("/v1/shards", signed))
  }

  /// The ledger's policy, signed by the log's key.
  package func policy(of log: NoteVerifier) async throws -> LedgerPolicy {
    let note = try await policyNote()
    do throws(NoteError) {
      return try LedgerPolicy.verify(note, by: log)
    } catch {
      throw Distrust("The ledger's policy is not to be believed: \(error).")
    }
  }
}

/// Works on a thread of its own, so that nothing else waits for it; ends soon after cancellation.
private func solve(
  _ work: WorkParameters, _ policy: Corpus.Digest, _ agent: ContributorKey
) async throws -> (nonce: Int, tries: Int) {
  let isCancelled = Flag()
  let solution = try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread {
        continuation.resume(
          with: Result {
            try ProofOfWork.solve(work: work, policy: policy, agent: agent) { isCancelled.isRaised }
          })
      }
      thread.name = "proof of work"
      thread.start()
    }
  } onCancel: {
    isCancelled.raise()
  }
  guard let solution else { throw CancellationError() }
  return solution
}

private final class Flag: Sendable {
  private let value = Atomic(false)

  var isRaised: Bool { value.load(ordering: .relaxed) }

  func raise() { value.store(true, ordering: .relaxed) }
}

extension LedgerPolicy {
  /// What an agent without work to do is told.
  fileprivate var demand: String {
    "The log \(origin) admits agents with an invitation alone. Ask its operator for one: "
      + "tributary sync --invitation TOKEN"
  }
}
