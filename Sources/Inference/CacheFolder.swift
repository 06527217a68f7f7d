import Foundation
import GGUF

/// A folder of files that is kept below a size: what was not used for the longest time goes first.
///
/// A file's last use is its modification time, so processes that share the folder agree on it. Files
/// appear by renaming and are never written again; one that is removed while it is mapped stays until
/// the last mapping is gone. Only names that the folder gave itself are ever touched.
final class CacheFolder {
  let path: String
  let capacity: Int
  /// How the names of the files end.
  private let suffix: String
  /// Bytes of all files at the last scan, and what was written since.
  private var estimate = 0
  private var writesSinceScan = 0

  private struct File {
    let name: String
    let bytes: Int
    let lastUse: timespec
  }

  /// Makes the folder, readable for its owner only, if there is none.
  ///
  /// `suffix`: how the names of its files end; others in the folder are left alone.
  init(path: String, suffix: String, capacity: Int) throws {
    self.path = path
    self.suffix = suffix
    self.capacity = capacity
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    estimate = scan().reduce(0) { $0 + $1.bytes }
  }

  func path(of name: String) -> String { path + "/" + name }

  func exists(_ name: String) -> Bool { access(path(of: name), F_OK) == 0 }

  /// Notes that a file was used now.
  func touch(_ name: String) { utimensat(AT_FDCWD, path(of: name), nil, 0) }

  func remove(_ name: String) { unlink(path(of: name)) }

  /// Writes a file that is there as a whole or not at all; returns how many others had to go.
  func write(_ bytes: [UInt8], as name: String) throws -> Int {
    try write(bytes.count, as: name) { try bytes.withUnsafeBytes($0) }
  }

  /// The same for `count` bytes that `produce` hands over piece by piece.
  func write(
    _ count: Int, as name: String,
    _ produce: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> Int {
    guard count <= capacity else { return 0 }
    let evicted = makeRoom(for: count)
    // Random, because caches of one process, and of machines that share the folder, write at once.
    let unique = String(UInt64.random(in: .min ... .max), radix: 16)
    let partial = path(of: "\(name).\(unique)\(Self.partialSuffix)")
    do {
      try Self.writeNew(to: partial, produce)
      guard rename(partial, path(of: name)) == 0 else { throw Self.failure(partial) }
    } catch {
      unlink(partial)
      throw error
    }
    estimate += count
    writesSinceScan += 1
    return evicted
  }

  private static let partialSuffix = ".part"
  /// Seconds after which a partial file is what a killed process left.
  private static let abandonedAfter = 600
  /// Writes of other processes are found at the next scan.
  private static let writesBetweenScans = 64

  /// Removes what was used least recently until `bytes` more fit, and a tenth besides.
  private func makeRoom(for bytes: Int) -> Int {
    guard estimate + bytes > capacity || writesSinceScan >= Self.writesBetweenScans else {
      return 0
    }
    let files = scan().sorted {
      ($0.lastUse.tv_sec, $0.lastUse.tv_nsec, $0.name)
        < ($1.lastUse.tv_sec, $1.lastUse.tv_nsec, $1.name)
    }
    estimate = files.reduce(0) { $0 + $1.bytes }
    writesSinceScan = 0
    guard estimate + bytes > capacity else { return 0 }
    var removed = 0
    for file in files where estimate + bytes > capacity - capacity / 10 && estimate > 0 {
      remove(file.name)
      estimate -= file.bytes
      removed += 1
    }
    return removed
  }

  /// All entries; removes partial files that nobody is writing any more.
  private func scan() -> [File] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var files: [File] = []
    let now = time(nil)
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasSuffix(suffix) || name.hasSuffix(Self.partialSuffix) else { continue }
      var status = stat()
      guard lstat(path(of: name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      if name.hasSuffix(Self.partialSuffix) {
        if now - status.st_mtim.tv_sec > Self.abandonedAfter { remove(name) }
      } else {
        files.append(File(name: name, bytes: Int(status.st_size), lastUse: status.st_mtim))
      }
    }
    return files
  }

  private static func writeNew(
    to path: String, _ produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    try produce { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw failure(path) }
        done += count
      }
    }
  }

  private static func failure(_ path: String) -> GGUFError {
    GGUFError(
      file: path, field: "file", found: String(cString: strerror(errno)),
      expected: "a folder that can be written")
  }
}
