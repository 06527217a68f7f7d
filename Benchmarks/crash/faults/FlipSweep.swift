import Corpus
import Foundation
import GRDB
import LedgerSync
import Trace

/// A sample outbox in which one byte at a time is changed, and what an agent makes of each.
package struct FlipSweep: Sendable {
  /// The store as it was before anything was changed.
  private struct Truth: Sendable {
    let traces: [TraceID: [UInt8]]
    let states: [TraceID: TraceState]
    /// What has been signed and may be known to the ledger: it must never change.
    let headers: [[UInt8]]
  }

  /// What became of the traces when one byte was changed.
  package struct Outcome: Equatable, Sendable {
    package let offset: Int
    /// Traces that are missing or have other bytes.
    package let lost: Int
    /// Traces that are in another state, to be sent once more at worst.
    package let moved: Int
    package let reports: [String]
    package let seconds: Double
  }

  private let folder: String
  private let identity: ContributorIdentity
  private let sample: [UInt8]
  private let truth: Truth
  private let url: String

  package var byteCount: Int { sample.count }
  /// What lies in the write-ahead log beside it, where a changed byte would undo commits unnoticed.
  package let logByteCount: Int

  /// Makes the sample in `folder`: traces in a receipted batch, in a sealed one and in none, with a
  /// real ledger at `url`.
  package init(folder: String, ledger url: String) async throws {
    self.folder = folder
    self.url = url
    identity = try ContributorIdentity(name: "agent")
    let path = folder + "/sample/traces.sqlite"
    let store = try TraceStore(path: path)
    let synchronizer = try Synchronizer(store: store, identity: identity, ledger: url)
    for number in 0..<9 {
      // The sizes of traces differ: some fit into a page, others overflow into several.
      try store.append(Self.trace(number, identity))
      if number == 3 { _ = try await synchronizer.sync() }
      if number == 6 { _ = try await synchronizer.sync(dryRun: true) }
    }
    let entries = try store.list(limit: .max)
    var traces: [TraceID: [UInt8]] = [:]
    for entry in entries { traces[entry.id] = try store.load(entry.id)?.storedBytes }
    truth = Truth(
      traces: traces,
      states: Dictionary(entries.map { ($0.id, $0.state) }) { first, _ in first },
      headers: try Self.headers(path: path))
    try store.close()
    // As an agent leaves it that has only looked.
    try TraceStore(path: path).close()
    let log = path + "-wal"
    logByteCount =
      FileManager.default.fileExists(atPath: log)
      ? try DurableFile.read(log, maximumBytes: 64 << 20).count : 0
    sample = try DurableFile.read(path, maximumBytes: 64 << 20)
  }

  private static func trace(
    _ number: Int, _ identity: ContributorIdentity
  ) throws -> SealedTrace {
    var random = SeededGenerator(seed: UInt64(number))
    let words = (0..<(number % 4 == 2 ? 700 : 20)).map { _ in
      String(UInt32.random(in: 0 ... .max, using: &random), radix: 36)
    }
    return try TraceCodec.seal(
      TraceRecord(
        secret: TraceSecret(), engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
        modelName: "none", mode: .independent, question: "a question",
        answer: words.joined(separator: " ")), identity: identity)
  }

  private static func headers(path: String) throws -> [[UInt8]] {
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    return try queue.read { database in
      try Data.fetchAll(database, sql: "SELECT header FROM batches ORDER BY number").map {
        Array($0)
      }
    }
  }

  /// Changes the byte at `offset` of the main file and starts the agent on what results.
  package func flip(_ offset: Int, mask: UInt8 = 0xff) async throws -> Outcome {
    var bytes = sample
    bytes[offset] ^= mask
    return try await open(bytes, offset: offset)
  }

  private func open(_ bytes: [UInt8], offset: Int) async throws -> Outcome {
    let path = "\(folder)/flip-\(offset)/traces.sqlite"
    try DurableFile.createFolder(DurableFile.parent(of: path))
    defer { try? FileManager.default.removeItem(atPath: DurableFile.parent(of: path)) }
    try Data(bytes).write(to: URL(filePath: path))
    let start = ContinuousClock.now
    let store = try TraceStore(path: path, freeSpace: { _ in 0 })
    defer { try? store.close() }
    let found = try store.checkAndRepair(now: 1)
    // What a synchronisation would send, without a ledger: it reads and seals everything.
    let preview = try await Synchronizer(store: store, identity: identity, ledger: url)
      .sync(dryRun: true)
    let time = start.duration(to: .now).components
    try check(path, preview)
    let entries = try store.list(limit: .max)
    let lost = try truth.traces.count { try store.load($0)?.storedBytes != $1 }
    let moved = entries.count { entry in
      // The preview seals what is pending.
      let state = truth.states[entry.id]
      return entry.state != state && !(state == .pending && entry.state == .sealed)
    }
    let reports = try store.damages().map(\.description)
    guard found.isEmpty || !reports.isEmpty else { throw Finding("damage without a report") }
    return Outcome(
      offset: offset, lost: lost, moved: moved, reports: reports,
      seconds: Double(time.seconds) + Double(time.attoseconds) / 1e18)
  }

  /// Batches that were signed are the same still, the chain goes on, and the file is sound.
  private func check(_ path: String, _ preview: SyncReport) throws {
    let headers = try Self.headers(path: path)
    let kept = truth.headers.prefix(headers.count)
    guard Array(headers.prefix(kept.count)) == Array(kept) || sample.isEmpty else {
      throw Finding("a signed batch changed")
    }
    var previous = BatchHeader.noPrevious
    for (sequence, bytes) in headers.enumerated() {
      let header = try BatchHeader.verify(bytes)
      guard header.sequence == sequence, header.previous == previous else {
        throw Finding("batch \(sequence) does not continue the agent's chain")
      }
      previous = Digest(sha256: bytes)
    }
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    let verdict = try queue.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
    guard verdict == "ok" else { throw Finding("SQLite finds \(verdict ?? "nothing")") }
  }
}
