import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Opens and decodes everything; more than the mapping, the file's size and 64 MiB is not to be had.
func readWithinLimit(_ path: String) throws {
  try limitMemory(path)
  let file = try GGUFFile(path: path)
  var decoded = 0
  for key in file.metadata.keys {
    decoded += (try? file.strings(key).count) ?? 0
    decoded += (try? file.ints(key).count) ?? 0
    decoded += (try? file.floats(key).count) ?? 0
  }
  print("read: \(file.metadata.count) keys, \(file.tensors.count) tensors, \(decoded) elements")
}

/// Takes and touches more than the limit: must not return.
func exceedLimit(_ path: String) throws {
  try limitMemory(path)
  let much = [UInt8](repeating: 1, count: 80 << 20)
  print("had \(much.count) bytes")
}

/// From here on this process may take the file's size twice, once to map it, and 64 MiB.
private func limitMemory(_ path: String) throws {
  var status = stat()
  guard stat(path, &status) == 0 else { throw Failure("no file") }
  let limit = rlim_t(try addressSpace() + 2 * Int(status.st_size) + 64 << 20)
  var limits = rlimit(rlim_cur: limit, rlim_max: limit)
  guard setrlimit(.init(RLIMIT_AS.rawValue), &limits) == 0 else { throw Failure("setrlimit") }
}

/// Bytes of addresses that this process has now.
private func addressSpace() throws -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { throw Failure("no /proc") }
  defer { fclose(file) }
  var text = [CChar](repeating: 0, count: 64)
  guard fgets(&text, Int32(text.count), file) != nil else { throw Failure("an empty statm") }
  let pages = strtol(text, nil, 10)
  return pages * Int(getpagesize())
}

/// Installs the handler by mapping the file, then touches a mapping that is not the handler's.
func touchForeignMapping(_ path: String) throws {
  let watched = try MappedFile(path: path)
  let descriptor = open(path, O_RDWR)
  let size = watched.bytes.count
  guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED,
    ftruncate(descriptor, 0) == 0
  else { throw Failure("cannot map and shorten") }
  print("survived: \(address.load(fromByteOffset: size - 1, as: UInt8.self))")
  withExtendedLifetime(watched) {}
}

struct Failure: Error {
  let what: String
  init(_ what: String) { self.what = what }
}
