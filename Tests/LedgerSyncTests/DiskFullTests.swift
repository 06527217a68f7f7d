import Corpus
import Foundation
import OutboxFaults
import Synchronization
import TestSupport
import Testing
import Trace

@testable import LedgerSync

#if canImport(Glibc)
  import Glibc
#endif

/// A disk without space: what waits goes out from the reserve, and all goes on when there is space.
@Suite(.serialized) struct DiskFullTests {
  /// Keeps traces until the disk refuses one.
  private func fill(_ device: Device) throws -> StorageFull {
    for _ in 0..<2000 {
      do {
        try device.addTrace()
      } catch let full as StorageFull {
        return full
      }
    }
    throw Finding("two thousand traces fit on a full disk")
  }

  @Test func `traces go out from the reserve while none can be kept, and are kept again at once`()
    async throws
  {
    let ledger = try await RunningLedger()
    let folder = try TemporaryFolder()
    let disk = FaultDisk(folder: folder.path)
    let device = try Device(folder: folder, freeSpace: { _ in disk.available })
    #expect(device.store.reserve.isHeld)
    try device.addTrace()
    disk.limit(to: try device.folder.byteCount())
    let full = try fill(device)
    #expect(full.description.contains("no space left on the disk"))
    #expect(device.store.reserve.isHeld, "a new trace does not take the reserve")
    let kept = try device.store.statistics().waiting
    #expect(kept > 0)

    let report = try await device.synchronizer(ledger.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.receiptedTraces == kept)
    #expect(!device.store.reserve.isHeld)
    let next = try await device.synchronizer(ledger.url).sync()
    #expect(next.sentences.first?.hasPrefix("The disk is nearly full") == true)

    disk.limit(to: nil)
    try device.addTrace()
    let last = try await device.synchronizer(ledger.url).sync()
    #expect(last.outcome == .complete)
    #expect(!last.sentences.contains { $0.contains("full") })
    #expect(device.store.reserve.isHeld)
    #expect(try device.count(.receipted) == kept + 1)
    try await ledger.stop()
  }

  @Test func `no write that finds the disk full loses or doubles anything`() async throws {
    let ledger = try await RunningLedger()
    // Less and less space, so that each kind of write is the first that finds none.
    for free in stride(from: 0, to: 200_000, by: 12_345) {
      let folder = try TemporaryFolder()
      let disk = FaultDisk(folder: folder.path)
      let device = try Device(folder: folder, freeSpace: { _ in disk.available })
      let ids = try (0..<5).map { _ in try device.addTrace().id }
      disk.limit(to: try device.folder.byteCount() + free)
      // Somebody else takes the space that the reserve gives back.
      _ = device.store.reserve.release()
      disk.limit(to: try device.folder.byteCount() + free)
      let report = try await device.synchronizer(ledger.url).sync()
      #expect([.complete, .later].contains(report.outcome))
      try device.store.close()
      disk.limit(to: nil)
      let again = try Device(folder: folder)
      _ = try await again.synchronizer(ledger.url).sync()
      #expect(try again.store.list().filter { $0.state == .receipted }.map(\.id) == ids.reversed())
    }
    let headers = try await ledger.contents().headers
    #expect(Set(headers).count == headers.count)
    try await ledger.stop()
  }

  @Test func `a store is opened on a full disk with the space of its reserve`() throws {
    let folder = try TemporaryFolder()
    let disk = FaultDisk(folder: folder.path)
    let device = try Device(folder: folder, freeSpace: { _ in disk.available })
    let id = try device.addTrace().id
    try device.store.close()
    disk.limit(to: try device.folder.byteCount())
    let again = try Device(folder: folder, freeSpace: { _ in disk.available })
    #expect(try again.store.list().map(\.id) == [id])
  }

  @Test func `the loop tries every second and goes on within one when there is space`()
    async throws
  {
    let ledger = try await RunningLedger()
    let folder = try TemporaryFolder()
    let disk = FaultDisk(folder: folder.path)
    let device = try Device(folder: folder, freeSpace: { _ in disk.available })
    try device.addTrace()
    _ = device.store.reserve.release()
    disk.limit(to: try device.folder.byteCount())
    let clock = ManualClock(limit: 6)
    let reports = Mutex<[SyncReport]>([])
    try await device.synchronizer(ledger.url, clock: clock.clock).run(every: 300) { report in
      let count = reports.withLock {
        $0.append(report); return $0.count
      }
      if count == 4 { disk.limit(to: nil) }
    }
    let outcomes = reports.withLock { $0.map(\.outcome) }
    #expect(outcomes == [.later, .later, .later, .later, .complete, .nothingToSend])
    #expect(clock.sleeps == [1, 1, 1, 1, 300, 300])
    try await ledger.stop()
  }

  /// The same on a real file system of 24 MiB.
  @Test(.enabled(if: SmallFileSystem.canBeMounted, "may not mount a small file system here"))
  func `a real file system without space is drained, and used again`() async throws {
    let ledger = try await RunningLedger()
    let folder = try TemporaryFolder()
    try #require(SmallFileSystem.mount(at: folder.path))
    defer { SmallFileSystem.unmount(folder.path) }
    let device = try Device(folder: folder)
    #expect(device.store.reserve.isHeld)
    try device.addTrace()
    let ballast = folder.path + "/ballast"
    let file = try OpenFile(creating: ballast, permissions: 0o600)
    #expect(throws: FileError.self) {
      while true { try file.write([UInt8](repeating: 1, count: 4096)) }
    }
    _ = try fill(device)
    let kept = try device.store.statistics().waiting
    let report = try await device.synchronizer(ledger.url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(report.receiptedTraces == kept)
    unlink(ballast)
    withExtendedLifetime(file) {}
    try device.addTrace()
    try device.store.close()
    try await ledger.stop()
  }
}

extension TemporaryFolder {
  /// The bytes of its files.
  fileprivate func byteCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: path).reduce(0) { sum, name in
      let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
      return sum + ((attributes[.size] as? NSNumber)?.intValue ?? 0)
    }
  }
}

/// A file system of 24 MiB, for which root is needed, and in a container more than that.
private enum SmallFileSystem {
  static let canBeMounted: Bool = {
    guard let folder = try? TemporaryFolder(), mount(at: folder.path) else { return false }
    unmount(folder.path)
    return true
  }()

  static func mount(at path: String) -> Bool {
    Glibc.mount("tmpfs", path, "tmpfs", 0, "size=24m") == 0
  }

  static func unmount(_ path: String) { umount2(path, Int32(MNT_DETACH)) }
}
