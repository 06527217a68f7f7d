import Corpus
import LedgerWire
import NIOPosix
import TransparencyLog

/// Lets agents in: checks what their registrations bring along against the log's policy.
///
/// Everything cheap comes first: form, signature, origin, whether the key is known already, whether
/// the proof is for the policy in force. A proof of work costs its memory and about as long as one
/// try to check, so only a few are checked at once, a bounded number waits, and the others are told
/// to come back.
actor Registrar {
  /// Proofs of work that are checked at once, each with the memory of one try.
  static let maximumChecking = 2
  /// Registrations that wait for that.
  static let maximumWaiting = 64
  /// Seconds after which one that could not wait may come back.
  static let retryAfter = 5

  private let store: LedgerStore
  private let terms: PolicyTerms
  private var signed: (policy: LedgerPolicy, note: SignedNote)?
  private var checking = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(store: LedgerStore) {
    self.store = store
    terms = store.terms
  }

  /// The policy in force, as the log signed it.
  func policy(now: Int) async throws -> (policy: LedgerPolicy, note: SignedNote) {
    if let signed { return signed }
    let adopted = try await store.adopt(terms, now: now)
    signed = adopted
    return adopted
  }

  /// Makes an agent known; one that is known already brings nothing.
  func register(_ signed: [UInt8], forClaims: Bool, now: Int) async throws -> AgentMessage {
    let registration = try AgentRegistration.verify(signed, origin: store.verifier.name)
    if forClaims {
      try store.logShard?.checkRegistry("agent")
    } else {
      try store.logShard?.check(agent: registration.agent, "agent")
    }
    if let known = try await store.knownAgent(registration.agent) { return known }
    try await admit(registration, now: now)
    return try await store.register(registration, record: signed, now: now)
  }

  private func admit(_ registration: AgentRegistration, now: Int) async throws {
    let policy = try await policy(now: now).policy
    let rule = policy.terms.admission
    switch registration.proof {
    case .none:
      guard rule == .open else { throw LedgerRefusal.notAdmitted("nothing", by: rule) }
    case .work(let digest, let nonce):
      guard rule.takesWork || rule == .open else {
        throw LedgerRefusal.notAdmitted("a proof of work", by: rule)
      }
      guard digest == policy.digest else {
        throw LedgerRefusal(
          .outdatedPolicy, field: "agent.policy", found: digest.hex,
          expected: "\(policy.digest), the digest of policy version \(policy.version) of "
            + "\(policy.origin)")
      }
      if rule.takesWork { try await check(nonce, registration.agent, policy) }
    case .invitation(let invitation):
      guard rule.takesInvitations || rule == .open else {
        throw LedgerRefusal.notAdmitted("an invitation", by: rule)
      }
      try invitation.verify(by: store.verifier, now: now)
    }
  }

  private func check(_ nonce: Int, _ agent: ContributorKey, _ policy: LedgerPolicy) async throws {
    try await enter()
    defer { leave() }
    let work = policy.terms.work
    let isProof = try await NIOThreadPool.singleton.runIfActive {
      try ProofOfWork.check(nonce: nonce, work: work, policy: policy.digest, agent: agent)
    }
    guard isProof else {
      throw LedgerRefusal(
        .notAdmitted, field: "agent.nonce", found: "\(nonce), with too few zero bits",
        expected: "a proof of work for \(work), this policy and this key")
    }
  }

  private func enter() async throws {
    guard checking >= Self.maximumChecking else {
      checking += 1
      return
    }
    guard waiting.count < Self.maximumWaiting else {
      throw LedgerRefusal(
        .busy, field: "registrations", found: "\(waiting.count) proofs of work that wait",
        expected: "fewer; try again later", retryAfter: Self.retryAfter)
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// Hands the place on.
  private func leave() {
    if waiting.isEmpty { checking -= 1 } else { waiting.removeFirst().resume() }
  }
}

extension LedgerRefusal {
  fileprivate static func notAdmitted(_ found: String, by rule: AdmissionRule) -> LedgerRefusal {
    let expected =
      switch rule {
      case .open: "a registration"
      case .work: "a proof of work for the policy at /v1/policy"
      case .invitation: "an invitation of this ledger's operator"
      case .workOrInvitation: "a proof of work for the policy at /v1/policy, or an invitation"
      }
    return LedgerRefusal(.notAdmitted, field: "admission", found: found, expected: expected)
  }
}
