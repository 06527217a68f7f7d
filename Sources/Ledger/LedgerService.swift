import Corpus
import Foundation
import LedgerWire
import Logging
import Trace
import TransparencyLog

/// What the ledger does, without HTTP: admission, then sequencing, then the receipt.
package struct LedgerService: Sendable {
  let store: LedgerStore
  private let admission: Admission
  private let sequencer: Sequencer
  private let registrar: Registrar
  private let now: @Sendable () -> Int
  let metrics = LedgerMetrics()

  package init(
    store: LedgerStore, batching: Batching = .immediate, logger: Logger = .silent,
    now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
  ) {
    self.store = store
    self.now = now
    admission = Admission(origin: store.verifier.name)
    registrar = Registrar(store: store)
    sequencer = Sequencer(
      store: store, batching: batching, metrics: metrics, logger: logger, now: now)
  }

  var origin: String { store.verifier.name }

  /// Makes the public files what the database says; needed once before the first reader comes.
  func start() async throws {
    try await sequencer.start()
    _ = try await registrar.policy(now: now())
  }

  /// Keeps up with the other front ends of the log until the task is cancelled.
  func follow() async {
    guard store.database.isShared else { return }
    var pause = Self.followInterval
    while (try? await Task.sleep(for: pause)) != nil {
      pause = await sequencer.follow() ? Self.followInterval : Self.followInterval * 8
    }
  }

  private static let followInterval = Duration.milliseconds(250)

  /// Integrates what waits without waiting for more.
  func finish() async { await sequencer.finish() }

  /// Makes an agent known; log shard 0 also takes those who only make claims.
  func registerAgent(_ signed: [UInt8], forClaims: Bool = false) async throws -> AgentMessage {
    try await registrar.register(signed, forClaims: forClaims, now: now())
  }

  /// What is known of an agent.
  func agent(_ key: ContributorKey) async throws -> AgentMessage {
    if let known = try await store.knownAgent(key) { return known }
    try store.logShard?.check(agent: key, "agent")
    return try await store.agent(key)
  }

  /// Refuses what concerns the registry of documents, if another log shard has it.
  func checkRegistry(_ field: String) throws(LedgerRefusal) {
    try store.logShard?.checkRegistry(field)
  }

  /// The policy in force, a signed note.
  func policy() async throws -> String {
    try await registrar.policy(now: now()).note.encoded
  }

  /// Logs a claim to a shard, or finds it logged; the same claim gets the same receipt every time.
  func registerShard(_ body: [UInt8]) async throws -> ShardMessage {
    try checkRegistry("claim")
    let claim = try ShardClaim.decode(body, origin: origin)
    try await checkKnown(claim.contributor, "shard.contributor")
    if try await !store.isPublished(claim) { _ = try await sequencer.append(.claim(claim)) }
    return try await store.shard(claim.root)
  }

  /// Decides a contest; the same contest has the same outcome every time.
  func contest(_ body: [UInt8]) async throws -> ContestMessage {
    try checkRegistry("contest")
    let contest = try Contest.verify(body, origin: origin)
    if let number = try await store.number(ofContest: body) {
      return try await store.contest(number)
    }
    try await checkKnown(contest.contestant, "contest.contestant")
    let policy = try await registrar.policy(now: now()).policy
    let admitted = AdmittedContest(
      contest: contest, record: body,
      proven: try ProvenClaim.verify(
        contest, terms: policy.terms.contests, own: store.verifier, now: now()), policy: policy)
    guard let claim = contest.claim else {
      return try await store.contest(store.decide(admitted, now: now()))
    }
    _ = try await sequencer.append(.contest(admitted, claim))
    return try await store.contest(store.number(ofContest: body) ?? 0)
  }

  /// Claims and contests cost as much as many batches, so who makes one was admitted.
  ///
  /// Of log shards only the first gets here. It knows keys of every prefix; those of other log shards
  /// were registered for claims, and their batches are refused whoever knows them.
  private func checkKnown(_ key: ContributorKey, _ field: String) async throws {
    guard store.terms.admission != .open, try await store.knownAgent(key) == nil else { return }
    throw LedgerRefusal(
      .unknownAgent, field: field, found: key.hex,
      expected: "a registered key; register with POST /v1/agents")
  }

  /// Logs a batch, or finds it logged; the same batch gets the same receipt every time.
  func submit(_ body: [UInt8]) async throws -> ReceiptMessage {
    let start = ContinuousClock.now
    let submission = try BatchSubmission.decode(body)
    let receipt: ReceiptMessage
    switch try await admit(submission) {
    case .logged(let position): receipt = try await store.receipt(position: position)
    case .waiting(let batch):
      do {
        receipt = try await sequencer.append(.batch(batch))
      } catch let refusal as LedgerRefusal {
        throw noticed(refusal, of: batch)
      }
    }
    metrics.receipted(in: ContinuousClock.now - start)
    return receipt
  }

  /// Logs batches in their order, each as if it had come alone.
  func submit(group body: [UInt8]) async throws -> GroupMessage {
    let start = ContinuousClock.now
    let group = try SubmissionGroup.decode(body)
    var outcomes = [GroupMessage.Outcome](repeating: .init(), count: group.submissions.count)
    var waiting: [(index: Int, batch: AdmittedBatch)] = []
    for (index, submission) in group.submissions.enumerated() {
      do {
        switch try await admit(submission) {
        case .logged(let position):
          outcomes[index].proof = try await store.receipt(position: position).proof
        case .waiting(let batch): waiting.append((index, batch))
        }
      } catch let refusal as LedgerRefusal {
        outcomes[index].refusal = refusal
      }
      // Other requests of the connection's loop do not wait for the whole group.
      await Task.yield()
    }
    let results = try await sequencer.append(waiting.map { .batch($0.batch) })
    for ((index, batch), result) in zip(waiting, results) {
      do {
        outcomes[index].proof = try result.get().proof
        metrics.receipted(in: ContinuousClock.now - start)
      } catch let refusal as LedgerRefusal {
        outcomes[index].refusal = noticed(refusal, of: batch)
      }
    }
    for case let refusal? in outcomes.map(\.refusal) { metrics.refused(refusal.error) }
    return GroupMessage(outcomes: outcomes)
  }

  private enum Admitted {
    /// Here is its leaf.
    case logged(Int)
    /// Integration decides what becomes of it.
    case waiting(AdmittedBatch)
  }

  private func admit(_ submission: BatchSubmission) async throws -> Admitted {
    var batch = try admission.admitHeader(of: submission)
    try store.logShard?.check(agent: batch.header.agent, "batch.agent")
    // Before the content is looked at: what was accepted once is never refused later, and a
    // second batch under a used number is evidence whatever it holds.
    switch try await standing(of: batch, payload: submission.payload) {
    case .logged(let position): return .logged(position)
    case .unpublished, .conflicting: break
    case .new:
      if let payload = submission.payload {
        batch.content = try admission.admitContent(payload, of: batch.header)
      }
    }
    return .waiting(batch)
  }

  private func noticed(_ refusal: LedgerRefusal, of batch: AdmittedBatch) -> LedgerRefusal {
    // The agent's next one is looked up, and refused before its content is read.
    if refusal.error == .overQuota { sequencer.chains.forget(batch.header.agent) }
    return refusal
  }

  private func standing(
    of batch: AdmittedBatch, payload: [UInt8]?
  ) async throws -> LedgerStore.Standing {
    if sequencer.chains.isNew(batch.header.sequence, of: batch.header.agent) { return .new }
    let bytes = batch.signedHeader.count + (payload?.count ?? 0)
    return try await store.standing(of: batch, bytes: bytes, now: now())
  }
}

extension Logger {
  /// Says nothing.
  package static var silent: Logger {
    Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
  }
}
