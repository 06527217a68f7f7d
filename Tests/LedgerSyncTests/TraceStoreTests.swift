import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import LedgerSync

@Suite struct TraceStoreTests {
  @Test func `a kept trace is there again when the store is opened anew`() throws {
    let folder = try TemporaryFolder()
    let device = try Device(folder: folder)
    let trace = try device.addTrace()
    try device.store.pool.close()
    let store = try TraceStore(path: device.home.traces)
    let loaded = try #require(try store.load(trace.id))
    #expect(loaded.storedBytes == trace.storedBytes)
    #expect(loaded.entry.state == .pending)
    #expect(loaded.entry.receipt == nil)
    #expect(try store.list().map(\.id) == [trace.id])
    #expect(try store.statistics().waiting == 1)
  }

  @Test func `the file is for its owner alone and every commit is synced`() throws {
    let device = try Device()
    for suffix in ["", "-wal"] {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: device.home.traces + suffix)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }
    let (level, mode) = try device.store.pool.write { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA synchronous"),
        try String.fetchOne(database, sql: "PRAGMA journal_mode")
      )
    }
    #expect(level == 2)
    #expect(mode == "wal")
  }

  @Test func `keeping a trace twice keeps it once`() throws {
    let device = try Device()
    let trace = try device.addTrace()
    try device.store.append(trace)
    #expect(try device.store.list().count == 1)
  }

  @Test func `traces are found by the beginning of their id`() throws {
    let device = try Device()
    let trace = try device.addTrace()
    try device.addTrace()
    #expect(try device.store.find(prefix: String(trace.id.hex.prefix(12))).map(\.id) == [trace.id])
    for prefix in ["", "%", "_", "xyz", "'"] {
      #expect(try device.store.find(prefix: prefix).isEmpty)
    }
  }

  @Test func `a sealed batch never changes, and new traces go into the next`() throws {
    let device = try Device()
    try device.addTrace()
    let log = try NoteSigner(name: "test.example/log", key: .init()).verifier
    #expect(try device.store.sealPending(for: log, identity: device.identity, now: 7))
    let first = try device.store.unsettledBatches(
      log: log, agent: device.identity.publicKey)
    try device.addTrace()
    #expect(try device.store.sealPending(for: log, identity: device.identity, now: 8))
    #expect(try !device.store.sealPending(for: log, identity: device.identity, now: 9))
    let both = try device.store.unsettledBatches(
      log: log, agent: device.identity.publicKey)
    #expect(both.count == 2)
    #expect(both.first == first.first)
    let (header, traces) = try Batch.verify(
      signedHeader: both[1].signedHeader, payload: both[1].payload)
    #expect(header.sequence == 1)
    #expect(header.previous == Digest(sha256: both[0].signedHeader))
    #expect(traces.count == 1)
  }

  @Test func `a batch holds at most 64 traces, the oldest first`() throws {
    let device = try Device()
    let ids = try (0..<70).map { _ in try device.addTrace().id }
    let log = try NoteSigner(name: "test.example/log", key: .init()).verifier
    while try device.store.sealPending(for: log, identity: device.identity, now: 7) {}
    let batches = try device.store.unsettledBatches(
      log: log, agent: device.identity.publicKey)
    let sealed = try batches.map {
      try Batch.verify(signedHeader: $0.signedHeader, payload: $0.payload).traces.map(\.id)
    }
    #expect(sealed.map(\.count) == [64, 6])
    #expect(sealed.flatMap { $0 } == ids)
  }

  @Test func `a damaged trace and another agent's do not hold up the rest`() throws {
    let device = try Device()
    let log = try NoteSigner(name: "test.example/log", key: .init()).verifier
    let other = try Device()
    try device.store.append(other.makeTrace())
    let bad = try device.addTrace()
    let good = try device.addTrace()
    try device.store.pool.write { database in
      try database.execute(
        sql: "UPDATE traces SET public = substr(public, 1, 100) WHERE id = ?",
        arguments: [Data(bad.id.bytes)])
    }
    while try device.store.sealPending(for: log, identity: device.identity, now: 1) {}
    let batches = try device.store.unsettledBatches(log: log, agent: device.identity.publicKey)
    let ids = try batches.flatMap {
      try Batch.verify(signedHeader: $0.signedHeader, payload: $0.payload).traces.map(\.id)
    }
    #expect(ids == [good.id])
    let entry = try #require(try device.store.load(bad.id)?.entry)
    #expect(entry.state == .damaged)
    #expect(entry.refusal != nil)
    #expect(try device.count(.pending) == 1)
  }

  @Test func `several stores on one file see each other's traces and never seal one twice`()
    async throws
  {
    let device = try Device()
    let path = device.home.traces
    let identity = device.identity
    let log = try NoteSigner(name: "test.example/log", key: .init()).verifier
    let traces = try (0..<60).map { _ in try device.makeTrace() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for part in 0..<6 {
        group.addTask {
          let store = try TraceStore(path: path)
          for trace in traces[(part * 10)..<(part * 10 + 10)] {
            try store.append(trace)
            _ = try store.sealPending(for: log, identity: identity, now: 1)
          }
        }
      }
      try await group.waitForAll()
    }
    let batches = try device.store.unsettledBatches(
      log: log, agent: identity.publicKey)
    #expect(batches.map(\.sequence) == Array(0..<batches.count))
    let ids = try batches.flatMap {
      try Batch.verify(signedHeader: $0.signedHeader, payload: $0.payload).traces.map(\.id)
    }
    #expect(ids.count == 60)
    #expect(Set(ids) == Set(traces.map(\.id)))
  }
}
