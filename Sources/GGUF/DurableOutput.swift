#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new file that appears under its name whole or not at all, also after power loss.
///
/// Bytes go to `PATH.partial` in the same folder. `finish` syncs them, gives the file its name and
/// syncs the folder; an output that is dropped before that removes what it wrote.
final class DurableOutput {
  private let path: String
  private let temporary: String
  private let replacing: Bool
  private var descriptor: Int32

  /// Creates the temporary file; an existing `path` is refused unless `replacing`.
  init(path: String, replacing: Bool) throws(GGUFError) {
    self.path = path
    self.replacing = replacing
    temporary = path + ".partial"
    if !replacing, access(path, F_OK) == 0 { throw Self.existing(path) }
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path, "file") }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  func append(_ bytes: [UInt8]) throws(GGUFError) {
    let code = bytes.withUnsafeBytes { Self.writeAll(descriptor, $0) }
    guard code == 0 else { throw Self.failure(path, "data", code) }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(GGUFError) {
    let code = Self.writeAll(descriptor, bytes)
    guard code == 0 else { throw Self.failure(path, "data", code) }
  }

  /// Makes the file durable under its name.
  func finish() throws(GGUFError) {
    guard fsync(descriptor) == 0 else { throw Self.failure(path, "file") }
    if replacing {
      guard rename(temporary, path) == 0 else { throw Self.failure(path, "file") }
    } else {
      // A link, unlike a rename, leaves a file alone that has appeared in the meantime.
      guard link(temporary, path) == 0 else {
        throw errno == EEXIST ? Self.existing(path) : Self.failure(path, "file")
      }
      unlink(temporary)
    }
    close(descriptor)
    descriptor = -1
    try syncFolder()
  }

  private func syncFolder() throws(GGUFError) {
    let parent =
      path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Self.failure(path, "folder") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw Self.failure(path, "folder") }
  }

  /// Returns zero or the system's error number.
  private static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
      let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : ENOSPC }
      done += count
    }
    return 0
  }

  private static func existing(_ path: String) -> GGUFError {
    GGUFError(file: path, field: "file", found: "a file of that name", expected: "none")
  }

  private static func failure(_ path: String, _ field: String, _ code: Int32 = errno) -> GGUFError {
    GGUFError(
      file: path, field: field, found: String(cString: strerror(code)), expected: "a writable file")
  }
}
