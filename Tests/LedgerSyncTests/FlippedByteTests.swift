import Corpus
import Foundation
import OutboxFaults
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import LedgerSync

/// A store whose file was damaged; `outbox-exerciser flip-bytes` changes every byte in turn.
@Suite(.serialized) struct FlippedByteTests {
  @Test(.timeLimit(.minutes(10)))
  func `a byte that changed costs one trace at most, and that is reported`() async throws {
    let folder = try TemporaryFolder()
    let ledger = try await RunningLedger()
    let sweep = try await FlipSweep(folder: folder.path, ledger: ledger.url)
    let step = sweep.byteCount / 90
    var lost = 0
    for offset in stride(from: Int.random(in: 0..<step), to: sweep.byteCount, by: step) {
      let outcome = try await sweep.flip(offset, mask: .random(in: 1 ... .max))
      #expect(outcome.lost <= 1, "byte \(offset): \(outcome.reports)")
      #expect(outcome.moved <= 4, "byte \(offset): \(outcome.reports)")
      #expect(outcome.lost + outcome.moved == 0 || !outcome.reports.isEmpty, "byte \(offset)")
      lost += outcome.lost
    }
    #expect(lost < 90)
    #expect(sweep.logByteCount == 0, "the write-ahead log was left with what could be undone")
    try await ledger.stop()
  }

  @Test func `the head of the file may be damaged anywhere, and nothing is lost`() async throws {
    let folder = try TemporaryFolder()
    let ledger = try await RunningLedger()
    let sweep = try await FlipSweep(folder: folder.path, ledger: ledger.url)
    for offset in Array(0..<24) + [28, 31, 35, 44, 47, 52, 55, 59, 63, 72, 92, 100, 103, 104, 105] {
      let outcome = try await sweep.flip(offset)
      #expect(outcome.lost == 0, "byte \(offset): \(outcome.reports)")
      #expect(outcome.moved == 0, "byte \(offset): \(outcome.reports)")
    }
    try await ledger.stop()
  }

  @Test func `repairs of files that are gone keep no descriptor open`() async throws {
    let folder = try TemporaryFolder()
    let ledger = try await RunningLedger()
    let sweep = try await FlipSweep(folder: folder.path, ledger: ledger.url)
    for offset in 0..<20 { _ = try await sweep.flip(offset) }
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    let open = descriptors.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }.filter { $0.hasPrefix("\(folder.path)/flip-") }
    // Those of the last repair: the next one closes them.
    #expect(open.count <= 3, "\(open)")
    try await ledger.stop()
  }

  @Test func `a page of zeroes is repaired, the file kept, and synchronising says so once`()
    async throws
  {
    let ledger = try await RunningLedger()
    let device = try Device()
    let path = device.home.traces
    let ids = try (0..<30).map { _ in try device.addTrace().id }
    #expect(try await device.synchronizer(ledger.url).sync().outcome == .complete)
    let late = try device.addTrace().id
    try device.store.close()
    // A page inside of an index: SQLite alone would not find a row by it any more.
    var bytes = try DurableFile.read(path, maximumBytes: 1 << 26)
    let index = try #require(bytes.indices.first { $0 % 4096 == 0 && bytes[$0] == 10 })
    bytes.replaceSubrange(index..<index + 4096, with: [UInt8](repeating: 0, count: 4096))
    try Data(bytes).write(to: URL(filePath: path))
    unlink(path + ".checked")

    let again = try Device(folder: device.folder)
    let report = try await again.synchronizer(ledger.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.sentences.first?.contains("was damaged") == true)
    #expect(report.sentences.first?.contains("no row was lost") == true)
    #expect(try again.store.list().map(\.id) == [late] + ids.reversed())
    #expect(try again.count(.receipted) == 31)
    let kept = try FileManager.default.contentsOfDirectory(atPath: device.folder.path)
      .filter { $0.contains(".damaged-") && !$0.hasSuffix("-wal") }
    #expect(kept.count == 1)
    #expect(
      try DurableFile.read("\(device.folder.path)/\(kept[0])", maximumBytes: 1 << 26) == bytes)
    let next = try await again.synchronizer(ledger.url).sync()
    #expect(!next.sentences.contains { $0.contains("damaged") })
    try await ledger.stop()
  }

  @Test func `a sealed batch whose row is lost is made again from its traces, byte for byte`()
    throws
  {
    let device = try Device()
    let ids = try (0..<3).map { _ in try device.addTrace().id }
    let log = try NoteSigner(name: "test.example/log", key: .init()).verifier
    #expect(try device.store.sealPending(for: log, identity: device.identity, now: 7))
    let before = try device.store.unsettledBatches(log: log, agent: device.identity.publicKey)
    // A row that changed without its checksum: the temporary triggers are not there.
    try device.store.pool.writeWithoutTransaction { database in
      try database.execute(
        sql: """
          DROP TRIGGER temp.checksum_updated_batches;
          UPDATE batches SET payload = substr(payload, 1, 50);
          """)
    }
    // The row as it was is not to be found in the write-ahead log.
    device.store.moveLog()
    let after = try device.store.unsettledBatches(log: log, agent: device.identity.publicKey)
    #expect(after.map(\.signedHeader) == before.map(\.signedHeader))
    #expect(after.map(\.payload) == before.map(\.payload))
    #expect(try device.store.list().map(\.id) == ids.reversed())
    #expect(try device.store.damages().contains { $0.description.contains("restored") })
  }
}
