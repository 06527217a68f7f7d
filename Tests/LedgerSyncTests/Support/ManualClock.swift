import LedgerSync
import Synchronization

/// A clock that stands still until somebody sleeps on it, and notes every sleep.
final class ManualClock: Sendable {
  private struct State {
    var now: Int
    var sleeps: [Int] = []
  }

  private let state: Mutex<State>
  private let limit: Int

  /// After `limit` sleeps the next one ends the loop, as a cancelled task would.
  init(now: Int = 1_795_000_000, limit: Int = .max) {
    state = Mutex(State(now: now))
    self.limit = limit
  }

  var now: Int { state.withLock { $0.now } }
  var sleeps: [Int] { state.withLock { $0.sleeps } }

  func advance(_ seconds: Int) { state.withLock { $0.now += seconds } }

  /// Chance always draws the largest number.
  var clock: SyncClock {
    SyncClock(
      now: { self.now },
      sleep: { seconds in
        let isOver = self.state.withLock { state in
          state.sleeps.append(seconds)
          state.now += seconds
          return state.sleeps.count >= self.limit
        }
        if isOver { throw CancellationError() }
      },
      random: { $0.upperBound })
  }
}
