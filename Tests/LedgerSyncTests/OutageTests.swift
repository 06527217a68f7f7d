import Corpus
import Foundation
import LedgerSync
import Synchronization
import TestSupport
import Testing
import Trace

/// A ledger that is away for long, on a clock that does not wait.
@Suite struct OutageTests {
  private static let hour = 3600
  private static let outage = 7 * 24 * hour

  /// Time that passes when somebody sleeps; `onHour` is called for every hour that begins.
  private final class FastClock: Sendable {
    private struct State {
      var now = 1_795_000_000
      var random = SeededGenerator(seed: 7)
    }
    private let state = Mutex(State())
    let start = 1_795_000_000
    private let onHour: @Sendable (Int) throws -> Void
    private let end: Int

    init(hours: Int, onHour: @escaping @Sendable (Int) throws -> Void) {
      end = start + hours * OutageTests.hour
      self.onHour = onHour
    }

    var now: Int { state.withLock { $0.now } }

    var clock: SyncClock {
      SyncClock(
        now: { self.now }, sleep: { try self.sleep($0) },
        random: { range in self.state.withLock { Int.random(in: range, using: &$0.random) } })
    }

    private func sleep(_ seconds: Int) throws {
      let (before, after) = state.withLock { state in
        let before = state.now
        state.now += seconds
        return (before, state.now)
      }
      for hour in stride(
        from: (before - start) / OutageTests.hour + 1,
        through: (after - start) / OutageTests.hour, by: 1)
      { try onHour(hour) }
      if after >= end { throw CancellationError() }
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `after seven days without a ledger all traces arrive, in order, without a rush`()
    async throws
  {
    let ledger = try await RunningLedger()
    let device = try Device()
    let kept = Mutex<[TraceID]>([])
    let keep: @Sendable () throws -> Void = {
      let trace = try device.addTrace()
      kept.withLock { $0.append(trace.id) }
    }
    // Three hours more than the outage: the longest wait is one.
    let time = FastClock(hours: 7 * 24 + 3) { _ in try keep() }
    let moments = Mutex<[Int]>([])
    let interposer = try Interposer(
      port: ledger.port,
      intercept: { _ in
        moments.withLock { $0.append(time.now) }
        let isAway = time.now < time.start + Self.outage
        return isAway ? HostileServer.answer(503, "") : nil
      })
    try keep()
    let reports = Mutex<[SyncReport]>([])
    try await device.synchronizer(interposer.url, clock: time.clock)
      .run(every: 300) { report in reports.withLock { $0.append(report) } }

    // Nothing is missing, nothing doubled, and the log has the order in which they were kept.
    let contents = try await ledger.contents()
    let logged = try zip(contents.headers, contents.payloads).flatMap {
      try Batch.verify(signedHeader: $0, payload: $1).traces.map(\.id)
    }
    let expected = kept.withLock { $0 }
    #expect(expected.count == 7 * 24 + 4)
    #expect(logged == Array(expected.prefix(logged.count)))
    #expect(expected.count - logged.count <= 1, "only what was kept at the very end may wait")
    let sequences = try contents.headers.map { try BatchHeader.verify($0).sequence }
    #expect(sequences == Array(sequences.indices))

    // Full jitter over at most an hour: about two requests an hour, and a handful at the start.
    let outage = moments.withLock { $0.filter { $0 < time.start + Self.outage } }
    #expect(outage.count > 7 * 24)
    #expect(outage.count < 7 * 24 * 4)
    for first in outage.indices.dropFirst(20) where first + 12 < outage.count {
      #expect(outage[first + 12] - outage[first] > 600, "twelve requests in ten minutes")
    }
    let recovered = reports.withLock { $0.firstIndex { $0.receiptedTraces > 100 } }
    #expect(recovered != nil, "one synchronisation brings the whole backlog")
    #expect(reports.withLock { $0.last?.outcome } != .later)
    interposer.stop()
    try await ledger.stop()
  }
}
