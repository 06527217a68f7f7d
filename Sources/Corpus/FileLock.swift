import Foundation

/// A lock between processes and threads, held until the value goes.
///
/// `flock` locks belong to the open file, so the kernel releases them when a process is killed.
package final class FileLock: Sendable {
  package enum Mode: Sendable {
    /// Held by one at a time, and by nobody beside it.
    case exclusive
    /// Held by any number at a time.
    case shared
  }

  let descriptor: Int32

  private init(_ path: String, _ operation: Int32) throws(FileError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("open the lock", path) }
    while flock(descriptor, operation) != 0 {
      if errno == EINTR { continue }
      let error = FileError("lock", path)
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  /// Unlocks besides closing: a process that is just being started has copies of all descriptors until its
  /// program takes over, and they would hold the lock a moment longer.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Waits for the lock.
  package static func acquire(
    _ path: String, mode: Mode = .exclusive
  ) throws(FileError) -> FileLock {
    try FileLock(path, mode == .exclusive ? LOCK_EX : LOCK_SH)
  }

  /// The exclusive lock; nil if somebody else holds the lock.
  package static func tryAcquire(_ path: String) throws(FileError) -> FileLock? {
    do {
      return try FileLock(path, LOCK_EX | LOCK_NB)
    } catch  where error.code == EWOULDBLOCK {
      return nil
    }
  }

  /// Runs `body` while holding the lock.
  package static func withLock<Result>(
    _ path: String, mode: Mode = .exclusive, _ body: () throws -> Result
  ) throws -> Result {
    let lock = try acquire(path, mode: mode)
    return try withExtendedLifetime(lock) { try body() }
  }
}
