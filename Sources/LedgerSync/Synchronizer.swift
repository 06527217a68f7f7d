import Corpus
import Foundation
import LedgerWire
import Trace
import TransparencyLog

/// Brings the outbox to the ledger: seals, sends, verifies receipts, and only then marks as done.
package actor Synchronizer {
  /// Who asks for a synchronisation.
  package enum Trigger: Sendable {
    /// Tries at once, unless the ledger itself asked to wait.
    case person
    /// Keeps to the time of the next attempt.
    case schedule
  }

  let store: TraceStore
  let identity: ContributorIdentity
  let url: String
  let logKey: NoteVerifier?
  let witnesses: WitnessPolicy?
  /// What admits this agent to a ledger that asks for it.
  let invitation: Invitation?
  let workLimits: WorkLimits
  let timeout: Duration
  let backoff: Backoff
  let clock: SyncClock
  /// What the conversation under way has done so far, so that its report is whole however it ends.
  var progress = SyncReport()
  /// Whether the ledger of the conversation under way takes several batches in one request.
  var takesGroups = true

  /// `logKey` is the log's vkey if it is known beforehand; otherwise the first contact pins it.
  ///
  /// `invitation` is a token of the ledger's operator; without one the agent works for its
  /// admission, where the ledger asks for that, within `workLimits`.
  ///
  /// With a policy on `witnesses` no receipt is believed that they did not cosign.
  package init(
    store: TraceStore, identity: ContributorIdentity, ledger url: String, logKey: String? = nil,
    witnesses: WitnessPolicy? = nil, invitation: String? = nil,
    workLimits: WorkLimits = WorkLimits(), timeout: Duration = .seconds(30),
    backoff: Backoff = Backoff(), clock: SyncClock = .system
  ) throws {
    self.store = store
    self.identity = identity
    self.url = try LedgerAddress.normalize(url)
    self.logKey = try logKey.map { text throws(NoteError) in try NoteVerifier(vkey: text) }
    self.witnesses = witnesses
    self.invitation = try invitation.map { text throws(NoteError) in try Invitation(token: text) }
    self.workLimits = workLimits
    self.timeout = timeout
    self.backoff = backoff
    self.clock = clock
  }

  /// Sends what waits.
  ///
  /// Throws for trouble on this device alone; what the ledger does is reported.
  ///
  /// A dry run seals what is pending and shows every request, without any network.
  package func sync(
    dryRun: Bool = false, trigger: Trigger = .person
  ) async throws -> SyncReport {
    if dryRun { return try preview() }
    guard let lock = try await acquireLock() else {
      var report = SyncReport()
      report.outcome = .busy
      report.waitingTraces = try store.statistics().waiting
      report.sentences = ["Another process is sending the traces of this device now."]
      return report
    }
    defer { withExtendedLifetime(lock) {} }
    return try await synchronize(trigger)
  }

  /// One attempt, unless there is nothing to do now.
  func attempt(_ trigger: Trigger) async throws -> SyncReport {
    if let report = try waitingReport(trigger) { return report }
    return try await exchange()
  }

  /// Synchronises now and then again every `interval` seconds, or when the next attempt is due,
  /// until the task is cancelled.
  package func run(
    every interval: Int, onReport: @Sendable (SyncReport) async -> Void
  ) async {
    while !Task.isCancelled {
      var report: SyncReport
      do {
        report = try await sync(trigger: .schedule)
      } catch is CancellationError {
        return
      } catch {
        report = SyncReport()
        report.outcome = .later
        report.sentences = ["The traces cannot be read or written: \(error)."]
      }
      await onReport(report)
      let wait = report.nextAttempt.map { max(1, $0 - clock.now()) } ?? max(1, interval)
      do {
        try await clock.sleep(wait)
      } catch {
        return
      }
    }
  }

  /// One process at a time; others wait a little, so that two commands in a row both succeed.
  private func acquireLock() async throws -> FileLock? {
    for _ in 0..<100 {
      if let lock = try FileLock.tryAcquire(store.path + ".sync") { return lock }
      try await Task.sleep(for: .milliseconds(100))
    }
    return nil
  }

  /// A report if there is nothing to do now.
  private func waitingReport(_ trigger: Trigger) throws -> SyncReport? {
    var report = SyncReport()
    report.waitingTraces = try store.statistics().waiting
    let now = clock.now()
    if let record = try store.ledger(url), let next = record.nextAttempt, next > now,
      record.isAskedToWait || trigger == .schedule
    {
      report.outcome = .later
      report.nextAttempt = next
      let who = record.isAskedToWait ? "The ledger asked to wait. " : ""
      report.sentences = [
        who + waitingSentence(report.waitingTraces)
          + " The next try is due \(Phrase.moment(next, now: now))."
      ]
      return report
    }
    guard try !hasWork() else { return nil }
    report.sentences = ["Nothing waits to be sent."]
    return report
  }

  private func hasWork() throws -> Bool {
    if try !store.pendingParts(of: identity.publicKey).isEmpty { return true }
    guard let log = try knownLog() else { return false }
    return try !store.nextBatches(log: log, agent: identity.publicKey, limit: 1).isEmpty
  }

  /// The key of this agent's log, if it is known already.
  func knownLog() throws -> NoteVerifier? {
    try logShard()?.log.verifier ?? logKey ?? store.ledger(url)?.verifier()
  }

  func waitingSentence(_ count: Int) -> String {
    count == 0
      ? "Nothing is lost."
      : "\(Phrase.count(count, "trace")) \(count == 1 ? "waits" : "wait") here; nothing is lost."
  }
}
