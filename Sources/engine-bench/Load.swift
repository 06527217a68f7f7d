import Foundation
import Inference
import Kernels

/// Time from the start of loading to the first token, and memory, of a process that has loaded nothing.
///
/// Compared with reading the file from the page cache by the same number of threads, in two ways: `scan`,
/// every byte into the same small buffer, and `copy`, the file into fresh memory of its size, which is the
/// least that a loader must do that does not compute from the mapping.
enum Load {
  static func run(_ options: Options) throws {
    let size = try fileSize(options.path)
    let backend = try Backend(threads: options.threads)
    let load = ContinuousClock.now
    let model = try LanguageModel.load(
      path: options.path, backend: backend, cache: options.openWeightCache())
    let first = ContinuousClock.now
    let segment = model.makeSegment()
    _ = try model.next(after: [1], segment: segment) { $0[0] }
    let end = ContinuousClock.now
    let peak = try peakMemory()
    let reads = (0..<3).map { _ in
      (read(options, size, fresh: false), read(options, size, fresh: true))
    }
    let (scan, copy) = (reads.map(\.0).min()!, reads.map(\.1).min()!)
    let total = seconds(end - load)
    try printLine([
      "model": options.path, "threads": options.threads, "fileBytes": size,
      "loadSeconds": seconds(first - load),
      "firstTokenSeconds": total, "scanSeconds": scan, "copySeconds": copy,
      "overScan": total / scan,
      "overCopy": total / copy, "storedWeights": model.hasStoredWeights, "peakBytes": peak,
      "peakOverFile": Double(peak) / Double(size),
    ])
    withExtendedLifetime(model) {}
  }

  private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }

  private static func fileSize(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
  }

  /// The largest resident size of this process so far, mapped files included.
  private static func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropLast().last).flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }

  /// Seconds to read the file in pieces of 1 MiB that the threads take in turn.
  private static func read(_ options: Options, _ size: Int, fresh: Bool) -> Double {
    let piece = 1 << 20
    let pieces = (size + piece - 1) / piece
    guard let backend = try? Backend(threads: options.threads) else { return .nan }
    let descriptor = open(options.path, O_RDONLY)
    defer { close(descriptor) }
    let start = ContinuousClock.now
    let memory = fresh ? mapped(pieces * piece) : nil
    backend.share(units: pieces) { unit in
      if let memory { return _ = pread(descriptor, memory + unit * piece, piece, unit * piece) }
      withUnsafeTemporaryAllocation(byteCount: piece, alignment: 64) {
        _ = pread(descriptor, $0.baseAddress!, piece, unit * piece)
      }
    }
    let end = ContinuousClock.now
    if let memory { munmap(memory, pieces * piece) }
    return seconds(end - start)
  }

  private static func mapped(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else { return nil }
    madvise(address, bytes, MADV_HUGEPAGE)
    return address
  }
}
