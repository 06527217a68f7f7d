import LedgerWire
import Logging

/// The one place where the log grows: leaves that arrive in one interval share an integration.
actor Sequencer {
  /// Batches that wait, and bytes of their payloads; more are refused, so that memory stays bounded.
  static let maximumWaiting = 1024
  static let maximumWaitingBytes = 64 << 20
  /// Documents of claims in one integration, so that batches do not wait long for their clusters; a
  /// larger claim goes alone.
  static let maximumDocuments = 256

  private struct Waiting {
    let leaf: AdmittedLeaf
    let answer: (Result<ReceiptMessage, any Error>) -> Void

    var bytes: Int { leaf.waitingBytes }
  }

  private let store: LedgerStore
  private let batching: Batching
  private let metrics: LedgerMetrics
  private let logger: Logger
  private let now: @Sendable () -> Int
  /// Of those whose batches were logged here.
  nonisolated let chains = KnownChains()
  private let clock = ContinuousClock()
  private var waiting: [Waiting] = []
  private var waitingBytes = 0
  private var isIntegrating = false
  private var isFinishing = false
  /// Something was committed, or the files were never looked at, since the last publication.
  private var isBehind = true
  private var lastStart: ContinuousClock.Instant?
  private var lastSize = 0
  private var timer: Task<Void, any Error>?

  init(
    store: LedgerStore, batching: Batching, metrics: LedgerMetrics, logger: Logger,
    now: @escaping @Sendable () -> Int
  ) {
    self.store = store
    self.batching = batching
    self.metrics = metrics
    self.logger = logger
    self.now = now
  }

  /// Brings the public files up to date; no batch may be on its way yet.
  func start() async throws {
    guard isBehind else { return }
    lastSize = try await store.recover()
    metrics.started(treeSize: lastSize)
    isBehind = false
  }

  /// Takes over what other front ends published, and publishes what they left behind; false if
  /// that failed.
  func follow() async -> Bool {
    guard !isIntegrating, waiting.isEmpty else { return true }
    isIntegrating = true
    await integrate()
    return !isBehind
  }

  /// From now on nothing waits for more to come.
  func finish() {
    isFinishing = true
    integrateIfDue()
  }

  /// Logs a leaf and returns its receipt once it is public; throws a ``LedgerRefusal``.
  func append(_ leaf: AdmittedLeaf) async throws -> ReceiptMessage {
    try checkRoom(for: 1)
    return try await withCheckedThrowingContinuation { continuation in
      wait(leaf) { continuation.resume(with: $0) }
      integrateIfDue()
    }
  }

  /// Logs leaves in their order; each has its own outcome.
  func append(_ leaves: [AdmittedLeaf]) async throws -> [Result<ReceiptMessage, any Error>] {
    guard !leaves.isEmpty else { return [] }
    try checkRoom(for: leaves.count)
    return await withCheckedContinuation { continuation in
      let answers = Answers(count: leaves.count) { continuation.resume(returning: $0) }
      for (index, leaf) in leaves.enumerated() { wait(leaf) { answers.add($0, at: index) } }
      integrateIfDue()
    }
  }

  private func checkRoom(for count: Int) throws {
    guard waiting.count + count <= max(Self.maximumWaiting, 4 * batching.size),
      waitingBytes < Self.maximumWaitingBytes
    else {
      throw LedgerRefusal(
        .busy, field: "queue",
        found: "\(waiting.count) waiting batches of \(waitingBytes) bytes",
        expected: "fewer; try again later")
    }
  }

  private func wait(
    _ leaf: AdmittedLeaf, answer: @escaping (Result<ReceiptMessage, any Error>) -> Void
  ) {
    let item = Waiting(leaf: leaf, answer: answer)
    waiting.append(item)
    waitingBytes += item.bytes
    metrics.waiting(waiting.count)
  }

  /// The outcomes of leaves that came together, until the last one is there.
  private final class Answers {
    private var results: [Result<ReceiptMessage, any Error>?]
    private var missing: Int
    private let finish: ([Result<ReceiptMessage, any Error>]) -> Void

    init(count: Int, finish: @escaping ([Result<ReceiptMessage, any Error>]) -> Void) {
      results = Array(repeating: nil, count: count)
      missing = count
      self.finish = finish
    }

    func add(_ result: Result<ReceiptMessage, any Error>, at index: Int) {
      results[index] = result
      missing -= 1
      if missing == 0 { finish(results.compactMap(\.self)) }
    }
  }

  private func integrateIfDue() {
    guard !isIntegrating, !waiting.isEmpty else { return }
    let due = lastStart?.advanced(by: batching.interval)
    if let due, clock.now < due, waiting.count < batching.size, !isFinishing {
      guard timer == nil else { return }
      timer = Task {
        try await clock.sleep(until: due)
        timer = nil
        integrateIfDue()
      }
      return
    }
    timer?.cancel()
    timer = nil
    isIntegrating = true
    lastStart = clock.now
    Task { await integrate() }
  }

  private func integrate() async {
    let group = nextGroup()
    waiting.removeFirst(group.count)
    waitingBytes -= group.reduce(0) { $0 + $1.bytes }
    metrics.waiting(waiting.count)
    let start = clock.now
    do {
      // A publication that failed is made up for first: nothing piles up behind it.
      var sizeBefore: Int?
      if isBehind { sizeBefore = try await store.recover() }
      isBehind = true
      let outcomes =
        group.isEmpty ? [] : try await store.integrate(group.map(\.leaf), now: now())
      let size = try await store.publish()
      isBehind = false
      integrated(group.count, from: sizeBefore ?? lastSize, to: size, in: clock.now - start)
      try await answer(group, outcomes)
    } catch {
      metrics.failedToIntegrate()
      logger.error("integration failed", metadata: ["error": "\(error)"])
      for item in group { item.answer(.failure(error)) }
    }
    isIntegrating = false
    integrateIfDue()
  }

  private func nextGroup() -> [Waiting] {
    var documents = 0
    let candidates = waiting.prefix(batching.size)
    let end = candidates.firstIndex { item in
      documents += item.leaf.documentCount
      return documents > Self.maximumDocuments && item.leaf.documentCount > 0
    }
    // The first of all is never left behind.
    return Array(candidates[..<max(end ?? candidates.endIndex, min(1, candidates.count))])
  }

  private func answer(_ group: [Waiting], _ outcomes: [Result<Int, LedgerRefusal>]) async throws {
    guard !group.isEmpty else { return }
    let positions = outcomes.compactMap { try? $0.get() }
    var receipts = try await store.receipts(positions: positions)[...]
    for (item, outcome) in zip(group, outcomes) {
      switch outcome {
      case .failure(let refusal): item.answer(.failure(refusal))
      case .success:
        item.answer(receipts.removeFirst())
        guard case .batch(let batch) = item.leaf else { continue }
        chains.saw(batch.header.sequence, of: batch.header.agent)
      }
    }
  }

  private func integrated(_ batches: Int, from old: Int, to size: Int, in time: Duration) {
    lastSize = size
    guard batches > 0 || size > old else { return }
    metrics.integrated(leaves: size - old, treeSize: size, in: time)
    logger.info(
      "integrated",
      metadata: [
        "batches": "\(batches)", "leaves": "\(size - old)", "size": "\(size)",
        "milliseconds": "\(Int(time / .milliseconds(1)))",
      ])
  }
}
