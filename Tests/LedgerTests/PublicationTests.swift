import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

@Suite struct PublicationTests {
  /// Many agents' batches under as few checkpoints as possible.
  private func fill(_ ledger: TestLedger, _ count: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<count {
        group.addTask {
          let agent = try TestAgent()
          try await ledger.registered(agent)
          _ = try await ledger.service.submit(agent.batch([agent.trace()]).voidBody)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `every checkpoint has its tiles and entries as files`() async throws {
    let ledger = try TestLedger()
    try await ledger.service.start()
    let log = PublicLog(ledger.store)
    #expect(try log.checkpoint().size == 0)
    var agent = try TestAgent()
    try await ledger.registered(agent)
    var headers: [[UInt8]] = []
    for count in 1...5 {
      let batch = try agent.batch([agent.trace()])
      agent.advance(past: batch)
      headers.append(batch.signedHeader)
      _ = try await ledger.service.submit(batch.body)
      let checkpoint = try log.checkpoint()
      #expect(checkpoint.size == count)
      #expect(try log.entries(of: checkpoint) == headers)
    }
    var expected: Set = ["checkpoint"]
    for width in 1...5 {
      expected.formUnion(["tile/entries/000.p/\(width)", "tile/0/000.p/\(width)"])
    }
    #expect(try Set(ledger.folder.files(in: "public")) == expected)
  }

  @Test func `partial tiles go when the full tile is there`() async throws {
    let ledger = try TestLedger()
    try await fill(ledger, 255)
    #expect(try !ledger.folder.files(in: "public/tile/0/000.p").isEmpty)
    try await fill(ledger, 3)
    let files = Set(try ledger.folder.files(in: "public/tile"))
    #expect(files.isSuperset(of: ["0/000", "entries/000", "1/000.p/1", "0/001.p/2"]))
    #expect(!files.contains { $0.hasPrefix("0/000.p") || $0.hasPrefix("entries/000.p") })
    let log = PublicLog(ledger.store)
    #expect(try log.entries(of: log.checkpoint()).count == 258)
  }

  @Test func `a reader never sees a checkpoint without its tiles`() async throws {
    let ledger = try TestLedger()
    try await ledger.service.start()
    let log = PublicLog(ledger.store)
    let reader = Task.detached {
      var sizes: Set<UInt64> = []
      while !Task.isCancelled {
        let checkpoint = try log.checkpoint()
        if sizes.insert(checkpoint.size).inserted { _ = try log.entries(of: checkpoint) }
        await Task.yield()
      }
      return sizes
    }
    for _ in 0..<20 { try await fill(ledger, 15) }
    reader.cancel()
    #expect(try await reader.value.count > 5)
  }

  @Test func `missing files are restored at the next start`() async throws {
    let folder = try TemporaryFolder()
    do {
      let ledger = try TestLedger(folder: folder)
      try await fill(ledger, 257)
      for _ in 0..<3 { try await fill(ledger, 1) }
      try ledger.store.close()
    }
    let before = Set(try folder.files(in: "public"))
    #expect(before.isSuperset(of: ["tile/0/001.p/2", "tile/0/001.p/3", "tile/entries/001.p/4"]))
    let content = { (name: String) in try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))
    }
    let tile = try content("public/tile/0/000")
    try FileManager.default.removeItem(atPath: folder.path + "/public/tile/entries")
    try FileManager.default.removeItem(atPath: folder.path + "/public/checkpoint")
    try FileManager.default.removeItem(atPath: folder.path + "/public/tile/0/001.p/3")
    try tile.prefix(100).write(to: URL(filePath: folder.path + "/public/tile/0/000"))
    try Data([1]).write(to: URL(filePath: folder.path + "/public/.staging/left-over"))
    let ledger = try TestLedger(folder: folder)
    try await ledger.service.start()
    #expect(try Set(folder.files(in: "public")) == before)
    #expect(try content("public/tile/0/000") == tile)
    let log = PublicLog(ledger.store)
    #expect(try log.entries(of: log.checkpoint()).count == 260)
  }

  @Test func `what was committed and not published is published at the next start`()
    async throws
  {
    let folder = try TemporaryFolder()
    var agent = try TestAgent()
    var bodies: [[UInt8]] = []
    do {
      let ledger = try TestLedger(folder: folder)
      try await ledger.registered(agent)
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
      // The commit alone, as if the process had been killed right after it.
      for _ in 0..<2 {
        let batch = try agent.batch([agent.trace()])
        agent.advance(past: batch)
        bodies.append(batch.body)
        let admission = Admission(origin: TestAgent.origin)
        var admitted = try admission.admitHeader(of: BatchSubmission.decode(batch.body))
        admitted.content = try admission.admitContent(batch.payload, of: batch.header)
        _ = try await ledger.store.integrate([.batch(admitted)], now: 1)
      }
      #expect(try await ledger.size() == 1)
      #expect(try PublicLog(ledger.store).checkpoint().size == 1)
      try ledger.store.close()
    }
    let ledger = try TestLedger(folder: folder)
    try await ledger.service.start()
    #expect(try PublicLog(ledger.store).checkpoint().size == 3)
    for (index, body) in bodies.enumerated() {
      let receipt = try await ledger.service.submit(body)
      #expect(receipt.index == index + 1)
      #expect(receipt.treeSize == 3)
    }
  }

  @Test func `when files cannot be written no receipt is given, and later all are`()
    async throws
  {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    let first = try agent.next([agent.trace()])
    _ = try await ledger.service.submit(first)
    let staging = ledger.folder.path + "/public/.staging"
    try FileManager.default.removeItem(atPath: staging)
    try Data().write(to: URL(filePath: staging))
    let body = try agent.next([agent.trace()])
    for _ in 0..<2 {
      await #expect(throws: FileError.self) { try await ledger.service.submit(body) }
    }
    #expect(try PublicLog(ledger.store).checkpoint().size == 1)
    #expect(try await ledger.size() == 1)
    try FileManager.default.removeItem(atPath: staging)
    let receipt = try await ledger.service.submit(body)
    #expect(receipt.index == 1)
    #expect(receipt.treeSize == 2)
    let log = PublicLog(ledger.store)
    #expect(try log.entries(of: log.checkpoint()).count == 2)
  }

  @Test func `a database older than the published checkpoint is refused`() async throws {
    let folder = try TemporaryFolder()
    let copy = folder.path + "/copy.sqlite"
    var agent = try TestAgent()
    do {
      let ledger = try TestLedger(folder: folder)
      try await ledger.registered(agent)
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
      try await DatabaseQueue(path: "\(folder.path)/\(LedgerSchema.file)").vacuum(into: copy)
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
      try ledger.store.close()
    }
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/\(LedgerSchema.file)\(suffix)")
    }
    try FileManager.default.moveItem(
      atPath: copy, toPath: "\(folder.path)/\(LedgerSchema.file)")
    let ledger = try TestLedger(folder: folder)
    let error = await #expect(throws: LedgerError.self) { try await ledger.service.start() }
    #expect(error?.file.hasSuffix("public/checkpoint") == true)
    #expect(error?.found == "2")
    #expect(try PublicLog(ledger.store).checkpoint().size == 2)
  }
}
