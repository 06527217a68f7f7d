import Foundation
import GGUF
import Testing

/// Headers that ask for memory, read by a process that has no more than the file's size and 64 MiB.
@Suite struct HostileHeaderTests {
  private static let fileBytes = 24 << 20

  /// One array that fills the file: every element decoded takes more memory than it takes in the file.
  private static func array(type: UInt32, elementBytes: Int, fill: UInt8) -> [UInt8] {
    var header = RawHeader(entries: 1)
    header.entry("a", type: 9)
    header.append(type)
    let count = (fileBytes - header.bytes.count - 8) / elementBytes
    header.append(UInt64(count))
    return header.bytes + Array(repeating: fill, count: count * elementBytes)
  }

  /// As many keys, tensors and long names as the file holds and the reader admits.
  private static func entries(tensors: Int, keys: Int, nameBytes: Int) -> [UInt8] {
    var header = RawHeader(tensors: UInt64(tensors), entries: UInt64(keys))
    let rest = String(repeating: "x", count: nameBytes)
    for index in 0..<keys {
      header.entry("\(index)\(rest)", type: 8)
      header.append("a value that is longer than a small string")
    }
    for index in 0..<tensors {
      header.tensor("\(index)\(rest)", shape: [1, 1, 1, 1], offset: UInt64(32 * index))
    }
    return header.bytes + Array(repeating: 0, count: 32 * tensors + 64)
  }

  private static let files: [(name: String, bytes: @Sendable () -> [UInt8])] = [
    ("strings", { array(type: 8, elementBytes: 8, fill: 0) }),
    ("bytes", { array(type: 0, elementBytes: 1, fill: 1) }),
    ("bools", { array(type: 7, elementBytes: 1, fill: 1) }),
    ("floats", { array(type: 6, elementBytes: 4, fill: 0) }),
    ("keys", { entries(tensors: 0, keys: 65_536, nameBytes: 40) }),
    ("tensors", { entries(tensors: 65_536, keys: 0, nameBytes: 40) }),
    ("both", { entries(tensors: 65_536, keys: 65_536, nameBytes: 20) }),
    ("long names", { entries(tensors: 300, keys: 300, nameBytes: 60_000) }),
  ]

  @Test(
    .enabled(if: Exerciser.path != nil, Exerciser.need), arguments: files.map(\.name))
  func memoryStaysWithinTheFileAnd64MiB(name: String) throws {
    let path = temporaryPath("hostile.gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try #require(Self.files.first { $0.name == name })
    try Data(file.bytes()).write(to: URL(filePath: path))
    let start = ContinuousClock.now
    let (end, output) = try Exerciser.run(["read", path])
    #expect(end == .exit(0), "ran out of memory")
    #expect(output.hasPrefix("read:") || output.hasPrefix("refused:"))
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  /// The limit is real: a reader that takes more does not survive it.
  @Test(.enabled(if: Exerciser.path != nil, Exerciser.need))
  func theLimitIsEnforced() throws {
    let path = temporaryPath("limit")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data([1]).write(to: URL(filePath: path))
    #expect(try Exerciser.run(["exceed", path]).end != .exit(0))
  }
}
