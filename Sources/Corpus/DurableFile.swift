import Foundation

/// Files that are either wholly there or not at all, also after power loss.
///
/// A new file is written under a temporary name in the same folder, synced, renamed over the old
/// one, and then the folder is synced: the order that makes the rename itself durable.
package enum DurableFile {
  /// Writes `bytes` to `path` in one step.
  ///
  /// With `replacing` false an existing file is left alone and the error's `isExisting` is true.
  package static func write(
    _ bytes: [UInt8], to path: String, permissions: mode_t = 0o600, replacing: Bool = true
  ) throws(FileError) {
    let temporary = "\(path).\(UUID().uuidString).tmp"
    let file = try OpenFile(creating: temporary, permissions: permissions)
    do throws(FileError) {
      try file.write(bytes)
      try file.synchronize()
      if replacing {
        try rename(temporary, to: path)
      } else {
        guard link(temporary, path) == 0 else { throw FileError("create", path) }
        unlink(temporary)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(parent(of: path))
  }

  /// Reads a regular file of at most `maximumBytes`.
  package static func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
    try OpenFile(reading: path).readAll(maximumBytes: maximumBytes)
  }

  /// Makes `path` and its missing parents; one that exists is left as it is.
  package static func createFolder(
    _ path: String, permissions: mode_t = 0o700
  ) throws(FileError) {
    let above = parent(of: path)
    var made = mkdir(path, permissions) == 0
    if !made, errno == ENOENT, above != path {
      try createFolder(above, permissions: permissions)
      // Tried once more only: some folders, such as /proc, answer "missing" whatever exists.
      made = mkdir(path, permissions) == 0
    }
    if made { return try synchronizeFolder(above) }
    guard errno == EEXIST else { throw FileError("create the folder", path) }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FileError("create the folder", path, code: ENOTDIR)
    }
  }

  package static func rename(_ source: String, to target: String) throws(FileError) {
    guard Foundation.rename(source, target) == 0 else { throw FileError("rename to", target) }
  }

  /// Makes the names in a folder durable.
  package static func synchronizeFolder(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("open the folder", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError("sync the folder", path) }
  }

  /// The folder that holds `path`; `.` for a bare name.
  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
