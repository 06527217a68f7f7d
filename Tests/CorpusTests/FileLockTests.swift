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

  @Test func `a shared lock is held by several, and keeps the exclusive one away`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/.lock"
    var first: FileLock? = try FileLock.acquire(path, mode: .shared)
    var second: FileLock? = try FileLock.acquire(path, mode: .shared)
    #expect(first != nil && second != nil)
    first = nil
    #expect(try FileLock.tryAcquire(path) == nil)
    second = nil
    #expect(try FileLock.tryAcquire(path) != nil)
  }
}
