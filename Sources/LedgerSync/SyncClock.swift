import Foundation

/// Time and chance, which tests replace.
package struct SyncClock: Sendable {
  /// Seconds since 1970-01-01 UTC.
  package var now: @Sendable () -> Int
  /// Waits that many seconds; throws when the task is cancelled.
  package var sleep: @Sendable (Int) async throws -> Void
  package var random: @Sendable (ClosedRange<Int>) -> Int

  package init(
    now: @escaping @Sendable () -> Int, sleep: @escaping @Sendable (Int) async throws -> Void,
    random: @escaping @Sendable (ClosedRange<Int>) -> Int
  ) {
    self.now = now
    self.sleep = sleep
    self.random = random
  }

  package static let system = SyncClock(
    now: { Int(Date().timeIntervalSince1970) },
    sleep: { try await Task.sleep(for: .seconds($0)) },
    random: { Int.random(in: $0) })
}
