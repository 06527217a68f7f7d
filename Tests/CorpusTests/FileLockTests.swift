import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite struct FileLockTests {
  @Test func `a lock is held by one at a time, and gone with its value`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/.lock"
    var lock: FileLock? = try FileLock.acquire(path)
    #expect(try FileLock.tryAcquire(path) == nil)
    // What a process that is being started has until its program takes over.
    let copy = dup(try #require(lock?.descriptor))
    defer { close(copy) }
    lock = nil
    #expect(try FileLock.tryAcquire(path) != nil)
  }
}
