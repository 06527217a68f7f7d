#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Owns the bytes of a file: a private, read-only mapping, or a copy in memory.
///
/// A file must not be shortened while it is mapped: reading a page that no longer exists ends the
/// process, on every system. Replace model files by renaming, never by writing into them.
final class ByteStorage: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  private let isMapping: Bool

  /// Maps the file, which must be a regular one and not empty.
  init(mapping path: String) throws(GGUFError) {
    func failure(_ found: String) -> GGUFError {
      GGUFError(file: path, field: "file", found: found, expected: "a readable GGUF file")
    }
    // O_NONBLOCK: opening a named pipe must fail below, not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("something not a plain file") }
    let size = Int(status.st_size)
    guard size > 0 else { throw failure("an empty file") }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw failure(String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
    isMapping = true
  }

  /// Copies bytes to 64-byte aligned memory.
  init(copying source: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
    copy.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(copy)
    isMapping = false
  }

  deinit {
    if isMapping {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}
