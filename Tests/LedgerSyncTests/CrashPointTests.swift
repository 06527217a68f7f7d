import Corpus
import Foundation
import GRDB
import OutboxFaults
import TestSupport
import Testing
import Trace

@testable import LedgerSync

/// Power that fails at chosen writes of SQLite; `outbox-exerciser crash-points` does it at length.
@Suite(.serialized) struct CrashPointTests {
  @Test(.timeLimit(.minutes(10)))
  func `power that fails at any write loses no kept trace and doubles none`() async throws {
    let folder = try TemporaryFolder()
    let ledger = try await RunningLedger()
    let sweep = CrashSweep(folder: folder.path, ledger: ledger.url)
    var cases = try await sweep.everyPoint(step: 17, offset: Int.random(in: 0..<17))
    cases += try await sweep.random(count: 25, seed: .random(in: 0 ... .max))
    let outcomes = try await sweep.run(cases)
    #expect(outcomes.count { $0.hasCrashed } > outcomes.count * 9 / 10)
    #expect(outcomes.contains { !$0.kept.isEmpty && $0.hasCrashed })
    #expect(outcomes.allSatisfy { $0.kept.isSubset(of: $0.stored) })
    let contents = try await ledger.contents()
    #expect(Set(contents.headers).count == contents.headers.count, "a leaf is there twice")
    let logged = try zip(contents.headers, contents.payloads).flatMap {
      try Batch.verify(signedHeader: $0, payload: $1).traces.map(\.id.hex)
    }
    #expect(Set(logged).count == logged.count, "a trace is there twice")
    let stored = outcomes.reduce(into: Set<String>()) { $0.formUnion($1.stored) }
    #expect(stored.isSubset(of: logged), "a stored trace is not in the log")
    try await ledger.stop()
  }

  @Test(arguments: [FaultDisk.Fate.lost, .kept])
  func `the disk of these tests does lose what a store does not sync`(fate: FaultDisk.Fate) throws {
    let folder = try TemporaryFolder()
    let disk = FaultDisk(folder: folder.path)
    let device = try Device(folder: folder)
    try device.addTrace()
    try device.store.pool.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA synchronous = OFF")
    }
    try device.addTrace()
    try device.store.close()
    disk.restore(fate: fate)
    #expect(try TraceStore(path: device.home.traces).list().count == (fate == .kept ? 2 : 1))
  }
}
