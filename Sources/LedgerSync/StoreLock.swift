import Corpus
import Foundation

/// A lock on the store's lock file: many may write at a time, or one opens or repairs.
///
/// SQLite orders the writers among themselves; this lock keeps them out while a damaged file is
/// replaced. `flock` locks belong to the open file, so they end with the process.
enum StoreLock {
  case writing, alone

  /// Runs `body` while holding the lock on `path`.
  func hold<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("open the lock", path) }
    defer {
      // A process that is just being started has a copy of the descriptor.
      flock(descriptor, LOCK_UN)
      close(descriptor)
    }
    while flock(descriptor, self == .alone ? LOCK_EX : LOCK_SH) != 0 {
      guard errno == EINTR else { throw FileError("lock", path) }
    }
    return try body()
  }
}
