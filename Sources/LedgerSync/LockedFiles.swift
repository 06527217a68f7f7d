import Corpus
import Foundation
import Synchronization

/// Descriptors of files that SQLite may have open in this process as well.
///
/// Closing any descriptor of a file ends all locks of the process on it (`fcntl` locks belong to
/// processes), SQLite's among them. So a file is opened once, and closed when it has no name any
/// more: then nobody else can open it, and there is nobody to lock out.
enum LockedFiles {
  private struct Key: Hashable {
    let device: dev_t
    let inode: ino_t
    let flags: Int32
  }

  private static let descriptors = Mutex<[Key: Int32]>([:])

  /// Calls `body` with a descriptor of the file at `path`, which it may not close.
  ///
  /// One call at a time: the repairs that need it are rare.
  ///
  /// - Throws: `FileError` if the file cannot be opened, and what `body` throws.
  static func with(_ path: String, _ flags: Int32, _ body: (Int32) throws -> Void) throws {
    try descriptors.withLock { descriptors in
      closeDeleted(&descriptors)
      try body(descriptor(path, flags, &descriptors))
    }
  }

  private static func descriptor(
    _ path: String, _ flags: Int32, _ descriptors: inout [Key: Int32]
  ) throws -> Int32 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError("open", path) }
    if let known = descriptors[key(status, flags)] { return known }
    let opened = open(path, flags | O_CLOEXEC)
    guard opened >= 0 else { throw FileError("open", path) }
    // Another file may have been put there since.
    guard fstat(opened, &status) == 0 else { throw FileError("open", path) }
    if let known = descriptors[key(status, flags)] { return known }
    descriptors[key(status, flags)] = opened
    return opened
  }

  private static func key(_ status: stat, _ flags: Int32) -> Key {
    Key(device: status.st_dev, inode: status.st_ino, flags: flags)
  }

  private static func closeDeleted(_ descriptors: inout [Key: Int32]) {
    for (key, descriptor) in descriptors {
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_nlink == 0 else { continue }
      close(descriptor)
      descriptors[key] = nil
    }
  }
}
