import CMappedFile

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A whole file, mapped for reading, whose shrinking or failing disk is an error and not a signal.
///
/// Once a page that the file no longer has was touched, all of `bytes` reads as zeros: after using them,
/// and before trusting what came of it, call `requireIntact`. That finds every shortening since the file
/// was opened. Writing into the file without shortening it goes unnoticed: replace files by renaming.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer
  private let descriptor: Int32
  private let watch: OpaquePointer

  /// Maps the file, which must be a regular one and not empty; keeps it open.
  package init(path: String) throws(GGUFError) {
    let (descriptor, size) = try Self.open(path)
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else {
      defer { close(descriptor) }
      throw Self.failure(path, String(cString: strerror(errno)))
    }
    guard let watch = cm_watch(address, size) else {
      defer {
        munmap(address, size)
        close(descriptor)
      }
      throw Self.failure(path, String(cString: strerror(errno)))
    }
    self.path = path
    self.descriptor = descriptor
    self.watch = watch
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    cm_unwatch(watch)
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    close(descriptor)
  }

  /// Asks for large pages under the mapping; before the first access.
  package func preferLargePages() { cm_prefer_large_pages(bytes.baseAddress, bytes.count) }

  /// Maps the pages of a part at once, which its first reader would otherwise do one by one.
  package func populate(_ part: UnsafeRawBufferPointer) {
    cm_populate(part.baseAddress, part.count)
  }

  /// Whether the file is shorter than when it was opened, or could not be read from its disk.
  package var isDamaged: Bool {
    var status = stat()
    return cm_is_damaged(watch) || fstat(descriptor, &status) != 0 || status.st_size < bytes.count
  }

  /// Throws if what was read so far may not have been the file.
  package func requireIntact() throws(GGUFError) {
    if isDamaged { throw shrinking }
  }

  private var shrinking: GGUFError {
    GGUFError(
      file: path, field: "file", found: "a file that shrank, or failed, while it was read",
      expected: "\(bytes.count) bytes that stay. Replace files by renaming, not by writing")
  }

  /// Reads from the file into `buffer`, beginning at `offset` and past the mapping.
  ///
  /// Pages that are read in this way do not count as memory of this process.
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, from offset: Int
  ) throws(GGUFError) {
    var done = 0
    while done < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
      guard count > 0 else { throw shrinking }
      done += count
    }
  }

  /// Opens a plain file that is not empty; returns its descriptor and size.
  private static func open(_ path: String) throws(GGUFError) -> (Int32, Int) {
    // O_NONBLOCK: opening a named pipe must fail below, not wait for a writer.
    #if canImport(Glibc)
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #elseif canImport(Musl)
      let descriptor = Musl.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #else
      let descriptor = Darwin.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #endif
    guard descriptor >= 0 else { throw failure(path, String(cString: strerror(errno))) }
    var status = stat()
    var problem: String?
    if fstat(descriptor, &status) != 0 {
      problem = String(cString: strerror(errno))
    } else if status.st_mode & S_IFMT != S_IFREG {
      problem = "something not a plain file"
    } else if status.st_size <= 0 {
      problem = "an empty file"
    }
    if let problem {
      close(descriptor)
      throw failure(path, problem)
    }
    return (descriptor, Int(status.st_size))
  }

  private static func failure(_ path: String, _ found: String) -> GGUFError {
    GGUFError(file: path, field: "file", found: found, expected: "a readable file")
  }
}
