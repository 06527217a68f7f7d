import Corpus
import Foundation
import LedgerWire
import TransparencyLog

/// The ledger refuses to go on with this agent; a person has to look.
struct Held: Error {
  let sentence: String
}

extension Synchronizer {
  /// One conversation with the ledger, from its key to the last receipt.
  func exchange() async throws -> SyncReport {
    progress = SyncReport()
    takesGroups = true
    do {
      try await deliverAll()
    } catch let failure as LedgerFailure {
      return try reportFailure(failure.description, .later, wait: failure.wait, progress)
    } catch let distrust as Distrust {
      return try reportFailure(distrust.reason, .distrusted, wait: nil, progress)
    } catch let held as Held {
      return try reportFailure(held.sentence, .held, wait: nil, progress)
    } catch let refusal as LedgerRefusal {
      return try reportFailure(
        "The ledger refuses this agent: \(refusal).", .held, wait: nil, progress)
    }
    try store.recordSuccess(ledger: url, now: clock.now())
    return try reportSuccess(progress)
  }

  /// Trusts the log of that key, or on first contact the one that is there.
  func establish(
    _ client: LedgerClient, key: NoteVerifier?, isLogShard: Bool
  ) async throws -> LogTrust {
    let (trust, isFirstContact) = try await LogTrust.establish(
      store: store, client: client, given: key, witnesses: witnesses, now: clock.now)
    if isFirstContact {
      let why =
        key == nil
        ? "its key is now pinned, \(trust.verifier.vkey)"
        : isLogShard
          ? "it has the key that the ledger's policy names" : "it has the key that was given"
      progress.sentences.append("First contact with the log \(trust.verifier.name): \(why).")
    }
    return trust
  }

  /// Registers this agent at a log if need be, and sends what waits for it.
  func deliverAll(_ client: LedgerClient, _ trust: LogTrust) async throws {
    if try store.ledger(client.url)?.registered != identity.publicKey {
      try await register(client, trust)
    }
    while true {
      let batches = try nextBatches(trust)
      guard let first = batches.first else { return }
      if batches.count > 1 {
        try await deliver(batches, client, trust)
      } else {
        try await deliver(first, client, trust)
      }
    }
  }

  /// What goes out next: what was sealed before, or the oldest traces; and then as many full batches
  /// as one request takes, where the ledger takes more than one.
  private func nextBatches(_ trust: LogTrust) throws -> [OutboxBatch] {
    let (log, agent) = (trust.verifier, identity.publicKey)
    let seal = { [store, identity, clock] in
      try store.sealPending(for: log, identity: identity, now: clock.now())
    }
    let limit = takesGroups ? LedgerLimits.batchesPerRequest : 1
    var batches = try store.nextBatches(log: log, agent: agent, limit: limit)
    while batches.isEmpty {
      // Damaged traces may be all that there was.
      guard try seal() else { return [] }
      batches = try store.nextBatches(log: log, agent: agent, limit: limit)
    }
    var count = batches.count
    // On a full disk payloads do not pile up, and a batch that is not full waits for more traces.
    while count < limit, store.reserve.isHeld,
      try store.hasFullBatch(of: agent), try seal()
    {
      count += 1
    }
    guard count > batches.count else { return batches }
    return try store.nextBatches(log: log, agent: agent, limit: limit)
  }

  /// Sends batches in one request; one that is refused is sent once more alone, for its own words.
  private func deliver(
    _ batches: [OutboxBatch], _ client: LedgerClient, _ trust: LogTrust
  ) async throws {
    for batch in batches { try store.markSent(batch) }
    let group = SubmissionGroup(batches.map(\.submission))
    let receipts: [LogProof?]
    do {
      receipts = try await client.submit(group)
    } catch is LedgerRefusal {
      // It concerns the request, such as a ledger that knows no groups.
      takesGroups = false
      return
    }
    progress.sentBytes += group.encode().count
    for (batch, given) in zip(batches, receipts) {
      guard let given else { return try await deliver(batch, client, trust) }
      progress.sentBatches += 1
      try await settle(batch, given, client, trust)
    }
  }

  private func register(_ client: LedgerClient, _ trust: LogTrust) async throws {
    let admission = try await client.register(
      identity, log: trust.verifier, invitation: invitation, limits: workLimits)
    try store.markRegistered(identity.publicKey, ledger: client.url)
    if let sentence = admission.sentence { progress.sentences.append(sentence) }
  }

  private func deliver(
    _ batch: OutboxBatch, _ client: LedgerClient, _ trust: LogTrust
  ) async throws {
    try store.markSent(batch)
    progress.sentBatches += 1
    progress.sentBytes += batch.submission.encode().count
    let given: LogProof
    do {
      given = try await submit(batch, client, trust)
    } catch let refusal as LedgerRefusal {
      try settle(refusal, of: batch)
      return
    }
    try await settle(batch, given, client, trust)
  }

  /// Keeps the receipt of a batch, if it is to be believed.
  private func settle(
    _ batch: OutboxBatch, _ given: LogProof, _ client: LedgerClient, _ trust: LogTrust
  ) async throws {
    let (receipt, seen) = try await trust.verify(given, entry: batch.signedHeader)
    try store.settle(
      batch, receipt: receipt.encoded, checkpoint: seen, ledger: client.url, now: clock.now())
    guard batch.state != .quarantined else { return }
    progress.receiptedBatches += 1
    progress.receiptedTraces += batch.count
  }

  /// Sends a batch; registers and sends again if the ledger has forgotten the agent.
  private func submit(
    _ batch: OutboxBatch, _ client: LedgerClient, _ trust: LogTrust
  ) async throws -> LogProof {
    do {
      return try await client.submit(batch.submission)
    } catch let refusal as LedgerRefusal where refusal.error == .unknownAgent {
      try await register(client, trust)
      return try await client.submit(batch.submission)
    }
  }

  /// Puts a batch aside that was refused for its content; anything else concerns the whole chain.
  private func settle(
    _ refusal: LedgerRefusal, of batch: OutboxBatch
  ) throws {
    switch refusal.error {
    case .equivocation:
      throw Held(
        sentence: "The ledger has another batch \(batch.sequence) of this agent and keeps both as "
          + "evidence of equivocation: \(refusal.expected). The agent's key or a copy of its "
          + "traces is in use elsewhere; give this device a new agent key.")
    case .sequenceGap:
      throw Held(
        sentence: "The ledger expects another batch than \(batch.sequence) "
          + "(\(refusal.field): found \(refusal.found), expected \(refusal.expected)). "
          + "Either it lost batches that it acknowledged, or this agent's key is in use elsewhere.")
    case .wrongOrigin, .unknownAgent, .busy, .internal, .notFound, .taken, .notAdmitted,
      .outdatedPolicy, .overQuota, .contestClosed, .notProven, .misdirected:
      throw refusal
    case .malformed, .badSignature, .tooLarge, .invalidTrace:
      guard batch.state != .quarantined else { throw refusal }
      try store.quarantine(batch, refusal: "\(refusal)")
      progress.quarantinedBatches += 1
      progress.quarantinedTraces += batch.count
      progress.sentences.append(
        "The ledger refused batch \(batch.sequence) (\(refusal)); it is put aside with its "
          + "\(Phrase.count(batch.count, "trace")), and the others go on.")
    }
  }
}

extension Synchronizer {
  private func reportSuccess(_ progress: SyncReport) throws -> SyncReport {
    var report = progress
    report.outcome = .complete
    report.waitingTraces = try store.statistics().waiting
    if report.receiptedBatches > 0 {
      let shard = try logShard().map { " (log shard \($0.number) of \($0.count))" } ?? ""
      let origin = (try knownLog()?.name ?? url) + shard
      report.sentences.append(
        "\(Phrase.count(report.receiptedTraces, "trace")) in "
          + "\(Phrase.count(report.receiptedBatches, "batch")) "
          + "\(report.receiptedTraces == 1 ? "is" : "are") in the log \(origin); "
          + "\(report.receiptedBatches == 1 ? "the receipt is" : "all receipts are") verified.")
    }
    return report
  }

  /// Remembers the failure and when to try again, and says both.
  private func reportFailure(
    _ sentence: String, _ outcome: SyncReport.Outcome, wait: Int?, _ progress: SyncReport
  ) throws -> SyncReport {
    var report = progress
    let now = clock.now()
    let record = try store.ledger(url)
    let jitter = backoff.delay(failures: (record?.failures ?? 0) + 1, random: clock.random)
    let next = now + max(jitter, wait ?? 0)
    try store.recordFailure(
      ledger: url, problem: sentence, nextAttempt: next, isAskedToWait: wait != nil)
    report.outcome = outcome
    report.nextAttempt = next
    report.waitingTraces = try store.statistics().waiting
    report.sentences += [
      sentence,
      waitingSentence(report.waitingTraces)
        + " The next try is due \(Phrase.moment(next, now: now)).",
    ]
    return report
  }
}

extension AdmissionOutcome {
  /// What the person is told.
  fileprivate var sentence: String? {
    switch self {
    case .free: nil
    case .invitation: "The ledger registered this agent with the invitation."
    case .work(let work, let tries, let time):
      "The ledger registered this agent for a proof of work: "
        + "\(tries == 1 ? "one try" : "\(tries) tries") of \(work.memory) MiB in "
        + "\(Phrase.count(max(1, Int(time.components.seconds)), "second"))."
    }
  }
}
