import Corpus
import GRDB

extension Synchronizer {
  /// Synchronises, and says what is to be said of the disk: damage that was found, space that is
  /// missing.
  ///
  /// With a full disk the ledger is asked only while its answers can be noted; the next try comes
  /// after a second, so that everything goes on soon after there is space again.
  func synchronize(_ trigger: Trigger) async throws -> SyncReport {
    progress = SyncReport()
    var sentences: [String] = []
    defer { store.moveLog() }
    do {
      try store.checkIfDue(now: clock.now())
      sentences = try store.takeUnreportedDamages().map {
        "The file of the traces was damaged: \($0.description)."
      }
      if !store.reserve.refill() {
        sentences.append(
          "The disk is nearly full: traces that wait are sent with the help of a reserve, and new "
            + "ones are kept only while there is space.")
        try store.probe(ledger: url)
      }
      var report = try await attempt(trigger)
      report.sentences = sentences + report.sentences
      return report
    } catch let full as StorageFull {
      var report = progress
      report.outcome = .later
      report.waitingTraces = (try? store.statistics().waiting) ?? 0
      report.nextAttempt = clock.now() + 1
      report.sentences =
        sentences + report.sentences + ["\(full)", waitingSentence(report.waitingTraces)]
      return report
    }
  }
}
