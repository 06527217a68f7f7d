import Corpus
import Synchronization

/// How far the chains of agents had come when this process last saw them.
///
/// It only saves looks at the database: what it says may be late, and whoever it does not name is
/// looked up.
final class KnownChains: Sendable {
  /// Everything is forgotten when there are more.
  private static let maximum = 100_000

  private let next = Mutex<[ContributorKey: Int]>([:])

  /// Whether a batch can be left to the next integration, unseen: its number was not used yet.
  func isNew(_ sequence: Int, of agent: ContributorKey) -> Bool {
    next.withLock { next in next[agent].map { sequence >= $0 } ?? false }
  }

  /// The agent is registered, and its batches up to this number are logged.
  func saw(_ sequence: Int, of agent: ContributorKey) {
    next.withLock { next in
      if next.count >= Self.maximum, next[agent] == nil { next = [:] }
      next[agent] = max(next[agent] ?? 0, sequence + 1)
    }
  }

  /// The agent's next batch is looked up.
  func forget(_ agent: ContributorKey) {
    next.withLock { $0[agent] = nil }
  }
}
