import LedgerWire

/// The one place where the log grows: batches that arrive during a commit share the next one.
actor Sequencer {
  /// Batches in one commit.
  static let groupSize = 256
  /// Batches that wait; more are refused, so that memory stays bounded.
  static let maximumWaiting = 1024

  private struct Waiting {
    let batch: AdmittedBatch
    let continuation: CheckedContinuation<Int, any Error>
  }

  private let store: LedgerStore
  private let now: @Sendable () -> Int
  private var waiting: [Waiting] = []
  private var isIntegrating = false

  init(store: LedgerStore, now: @escaping @Sendable () -> Int) {
    self.store = store
    self.now = now
  }

  /// Logs a batch and returns its position once it is durable; throws a ``LedgerRefusal``.
  func append(_ batch: AdmittedBatch) async throws -> Int {
    guard waiting.count < Self.maximumWaiting else {
      throw LedgerRefusal(
        .busy, field: "queue", found: "\(waiting.count) waiting batches",
        expected: "fewer; try again later")
    }
    return try await withCheckedThrowingContinuation { continuation in
      waiting.append(Waiting(batch: batch, continuation: continuation))
      guard !isIntegrating else { return }
      isIntegrating = true
      Task { await integrateAll() }
    }
  }

  private func integrateAll() async {
    while !waiting.isEmpty {
      let group = Array(waiting.prefix(Self.groupSize))
      waiting.removeFirst(group.count)
      do {
        let outcomes = try await store.integrate(group.map(\.batch), now: now())
        for (item, outcome) in zip(group, outcomes) {
          item.continuation.resume(with: outcome.mapError { $0 })
        }
      } catch {
        for item in group { item.continuation.resume(throwing: error) }
      }
    }
    isIntegrating = false
  }
}
