import Corpus
import Foundation
import GRDB
import LedgerSync
import Trace

/// An agent with an outbox on a disk that loses power, talking to a real ledger.
package final class AgentLife {
  /// What an agent does between two starts: keeps traces and syncs, `rounds` times.
  package struct Plan: Sendable {
    package var rounds = 2
    package var traces = 2

    package init(rounds: Int = 2, traces: Int = 2) {
      self.rounds = rounds
      self.traces = traces
    }
  }

  package let folder: String
  package let disk: FaultDisk
  private let identity: ContributorIdentity
  private let url: String
  /// The stored bytes of every trace whose keeping was acknowledged.
  package private(set) var kept: [TraceID: [UInt8]] = [:]
  /// Traces whose keeping was under way when the power failed: there or not, but whole.
  private var attempted: [TraceID: [UInt8]] = [:]

  private var path: String { folder + "/traces.sqlite" }

  /// Makes a new agent in a folder that is empty.
  package init(folder: String, ledger url: String) throws {
    self.folder = folder
    self.url = url
    identity = try ContributorIdentity(name: "agent")
    disk = FaultDisk(folder: folder)
  }

  /// Two lives of the store: everything an agent does, and once more after an orderly end.
  package func live(_ plan: Plan) async throws {
    for _ in 0..<2 {
      let store = try TraceStore(path: path)
      defer { try? store.close() }
      for _ in 0..<plan.rounds {
        for _ in 0..<plan.traces { try keep(in: store) }
        try await sync(store)
      }
    }
  }

  private func keep(in store: TraceStore) throws {
    let record = TraceRecord(
      secret: TraceSecret(), engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
      modelName: "none", mode: .independent, question: "a question", answer: "an answer")
    let trace = try TraceCodec.seal(record, identity: identity)
    attempted[trace.id] = trace.storedBytes
    try store.append(trace)
    kept[trace.id] = trace.storedBytes
  }

  private func sync(_ store: TraceStore) async throws {
    let report = try await Synchronizer(
      store: store, identity: identity, ledger: url, timeout: .seconds(300)
    ).sync()
    guard report.outcome == .complete || report.outcome == .nothingToSend else {
      throw Finding("a synchronisation ended as \(report.outcome): \(report.sentences)")
    }
  }

  /// Starts again after a crash, as a person would, and holds the store against what was kept.
  ///
  /// Returns the traces that are in the store. They are all in the log now.
  package func recover() async throws -> Set<TraceID> {
    let store = try TraceStore(path: path)
    defer { try? store.close() }
    try check(store)
    try await sync(store)
    let entries = try store.list(limit: .max)
    for entry in entries where entry.state != .receipted {
      throw Finding("trace \(entry.id) is \(entry.state) after a complete synchronisation")
    }
    return Set(entries.map(\.id))
  }

  private func check(_ store: TraceStore) throws {
    for (id, bytes) in kept {
      guard let loaded = try store.load(id) else { throw Finding("trace \(id) is lost") }
      guard loaded.storedBytes == bytes else { throw Finding("trace \(id) has other bytes") }
    }
    for entry in try store.list(limit: .max) {
      guard let bytes = attempted[entry.id] else { throw Finding("trace \(entry.id) is new") }
      guard try store.load(entry.id)?.storedBytes == bytes else {
        throw Finding("trace \(entry.id) was kept by half")
      }
    }
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    let verdict = try queue.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
    guard verdict == "ok" else { throw Finding("SQLite finds \(verdict ?? "nothing")") }
  }
}

/// What must never be.
package struct Finding: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
