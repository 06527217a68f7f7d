import Corpus
import Foundation

/// Space set aside beside a database, so that sending and receipting go on when the disk is full.
///
/// The reserve is a file of real blocks. It is deleted when SQLite finds no space, and made again as
/// soon as the disk has room for twice as much. All processes that use the database share it.
struct SpaceReserve: Sendable {
  /// Enough for the write-ahead log between two checkpoints and a batch of the largest traces kept
  /// in practice.
  static let byteCount = 8 << 20

  let path: String
  /// The bytes that may still be written to the disk of `path`; nil if that cannot be told.
  let freeSpace: @Sendable (_ path: String) -> Int?

  var isHeld: Bool { access(path, F_OK) == 0 }

  /// Gives the space back to the disk; false if there was none to give.
  func release() -> Bool { unlink(path) == 0 }

  /// Takes the space if it is not held and the disk has plenty; returns whether it is held now.
  @discardableResult
  func refill() -> Bool {
    if isHeld { return true }
    guard (freeSpace(path) ?? .max) >= 2 * Self.byteCount else { return false }
    let temporary = "\(path).\(UUID().uuidString).tmp"
    let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard posix_fallocate(descriptor, 0, off_t(Self.byteCount)) == 0,
      (try? DurableFile.rename(temporary, to: path)) != nil
    else {
      unlink(temporary)
      return false
    }
    return true
  }

  /// What the file system says is free for this user.
  static let systemFreeSpace: @Sendable (String) -> Int? = { path in
    var status = statvfs()
    guard statvfs(DurableFile.parent(of: path), &status) == 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
  }
}

/// There is no space left for the traces, not even the reserve's.
package struct StorageFull: Error, Equatable, Sendable, CustomStringConvertible {
  package let path: String

  package var description: String {
    "\(path): found no space left on the disk, expected room for more traces; nothing that was "
      + "kept is lost. Free some space; to see what is in use: "
      + "df -h \"\(DurableFile.parent(of: path))\""
  }
}
