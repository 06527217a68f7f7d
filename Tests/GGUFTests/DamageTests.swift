import Foundation
import GGUF
import TestSupport
import Testing

@Suite struct DamageTests {
  @Test func aFileCutAnywhereIsRefused() throws {
    let bytes = try sampleWriter().encoded()
    let whole = try GGUFFile(bytes: bytes, name: "whole")
    #expect(whole.tensors.count == 4)
    for length in 0..<bytes.count {
      #expect(throws: GGUFError.self) {
        _ = try GGUFFile(bytes: Array(bytes[..<length]), name: "cut")
      }
    }
  }

  @Test func aFileCutOnDiskIsRefusedWhenOpened() throws {
    let path = temporaryPath("cut.gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = try sampleWriter().encoded()
    try Data(bytes.dropLast(100)).write(to: URL(filePath: path))
    let error = #expect(throws: GGUFError.self) { try GGUFFile(path: path) }
    #expect(error?.field == "data of tensor d")
    #expect(error?.found.contains("cut short") == true)
  }

  @Test func flippedBitsNeverTrap() throws {
    let bytes = try sampleWriter().encoded()
    var random = SeededGenerator(seed: 42)
    var opened = 0
    for _ in 0..<4_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      guard let file = try? GGUFFile(bytes: damaged, name: "flipped") else { continue }
      opened += 1
      try readEverything(file)
    }
    #expect(opened > 0)
  }

  private func readEverything(_ file: GGUFFile) throws {
    for key in file.metadata.keys {
      _ = try? file.int(key)
      _ = try? file.string(key)
      _ = try? file.strings(key)
      _ = try? file.ints(key)
      _ = try? file.floats(key)
    }
    for info in file.tensors.values {
      let sum = try file.withBytes(of: info) { $0.reduce(0) { $0 &+ Int($1) } }
      #expect(sum >= 0)
      _ = try? file.withBytes(of: info) {
        try Quantizer.dequantize($0, type: info.type, count: info.elementCount)
      }
    }
  }

  @Test(arguments: [0, 1, 4, 0x0300_0000] as [UInt32])
  func unknownVersionsAreRefused(version: UInt32) {
    let error = RawHeader(version: version).failure()
    #expect(error?.field == "version")
    #expect(error?.expected == "2 or 3")
  }

  @Test func versionTwoIsRead() throws {
    let file = try GGUFFile(bytes: RawHeader(version: 2).bytes, name: "two")
    #expect(file.version == 2)
    #expect(file.tensors.isEmpty)
  }

  @Test func anotherFormatIsRefused() {
    var header = RawHeader()
    header.bytes[0] = UInt8(ascii: "X")
    #expect(header.failure()?.field == "magic number")
  }

  @Test(arguments: [.max, 1 << 62, 1 << 32, 66_000] as [UInt64])
  func countsBeyondTheFileAreRefused(count: UInt64) {
    #expect(RawHeader(tensors: count).failure()?.field == "tensor count")
    #expect(RawHeader(entries: count).failure()?.field == "metadata count")
    var array = RawHeader(entries: 1)
    array.entry("a", type: 9)
    array.append(UInt32(5))
    array.append(count)
    #expect(array.failure()?.field == "length of a")
    var text = RawHeader(entries: 1)
    text.entry("a", type: 8)
    text.append(count)
    #expect(text.failure()?.field == "a")
    var name = RawHeader(entries: 1)
    name.append(count)
    #expect(name.failure()?.field == "key of metadata entry 0")
  }

  @Test func manyEntriesAreRefusedEvenIfTheFileHoldsThem() {
    let error = RawHeader(entries: 70_000).failure(data: 2_000_000)
    #expect(error?.expected == "at most 65536")
  }

  @Test func oddMetadataIsRefused() {
    var nested = RawHeader(entries: 1)
    nested.entry("a", type: 9)
    nested.append(UInt32(9))
    nested.append(UInt64(1))
    #expect(nested.failure()?.found == "an array of arrays")

    var unknown = RawHeader(entries: 1)
    unknown.entry("a", type: 13)
    #expect(unknown.failure()?.field == "type of a")

    var flag = RawHeader(entries: 1)
    flag.entry("a", type: 7)
    flag.append(UInt8(2))
    #expect(flag.failure()?.found == "the bool byte 2")

    var text = RawHeader(entries: 1)
    text.entry("a", type: 8)
    text.append(UInt64(2))
    text.bytes += [0xC3, 0x28]
    #expect(text.failure()?.found == "bytes that are not UTF-8")

    var twice = RawHeader(entries: 2)
    for _ in 0..<2 {
      twice.entry("a", type: 0)
      twice.append(UInt8(1))
    }
    #expect(twice.failure()?.found == "the key a second time")

    var empty = RawHeader(entries: 1)
    empty.entry("", type: 0)
    empty.append(UInt8(1))
    #expect(empty.failure()?.field == "key of metadata entry 0")
  }

  @Test(arguments: [0, 1, 7, 24, 1 << 17] as [UInt32])
  func oddAlignmentIsRefused(alignment: UInt32) {
    var header = RawHeader(entries: 1)
    header.entry("general.alignment", type: 4)
    header.append(alignment)
    #expect(header.failure()?.field == "general.alignment")
  }

  @Test func anotherAlignmentIsHonoured() throws {
    var header = RawHeader(tensors: 1, entries: 1)
    header.entry("general.alignment", type: 4)
    header.append(UInt32(1024))
    header.tensor("a", shape: [1])
    header.bytes += Array(repeating: 9, count: 1024 - header.bytes.count) + [0, 0, 0x80, 0x3F]
    let file = try GGUFFile(bytes: header.bytes, name: "aligned")
    let value = try file.withBytes(of: file.tensor("a")) {
      try Quantizer.dequantize($0, type: .f32, count: 1)
    }
    #expect(value == [1])
  }

  private static let oddTensors: [(shape: [UInt64], type: UInt32, field: String)] = [
    ([], 0, "dimensions of tensor a"),
    ([1, 1, 1, 1, 1], 0, "dimensions of tensor a"),
    ([0], 0, "shape of tensor a"),
    ([4, 0], 0, "shape of tensor a"),
    ([UInt64.max], 0, "shape of tensor a"),
    ([1 << 31, 1 << 31], 0, "shape of tensor a"),
    ([1 << 30, 1 << 30, 1 << 30], 0, "shape of tensor a"),
    ([33], 8, "shape of tensor a"),
    ([128], 12, "shape of tensor a"),
    ([4], 4, "type of tensor a"),
    ([4], 999, "type of tensor a"),
    ([1 << 20], 0, "data of tensor a"),
  ]

  @Test(arguments: oddTensors)
  func oddTensorsAreRefused(shape: [UInt64], type: UInt32, field: String) {
    var header = RawHeader(tensors: 1)
    header.tensor("a", shape: shape, type: type)
    #expect(header.failure()?.field == field)
  }

  @Test(arguments: [.max, .max - 31, 1 << 63, 33, 4096 * 32] as [UInt64])
  func oddOffsetsAreRefused(offset: UInt64) {
    var header = RawHeader(tensors: 1)
    header.tensor("a", shape: [4], offset: offset)
    let field = header.failure()?.field
    #expect(field == "offset of tensor a" || field == "data of tensor a")
  }

  @Test func tensorsThatShareBytesOrNamesAreRefused() {
    var shared = RawHeader(tensors: 2)
    shared.tensor("a", shape: [16])
    shared.tensor("b", shape: [16], offset: 32)
    #expect(shared.failure()?.expected == "tensors that do not overlap")
    var twice = RawHeader(tensors: 2)
    twice.tensor("a", shape: [8])
    twice.tensor("a", shape: [8], offset: 32)
    #expect(twice.failure()?.found == "the name a second time")
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = FileManager.default.temporaryDirectory.path
    #expect(try failure(folder).found == "something not a plain file")
    #expect(try failure("/nonexistent.gguf").found == "No such file or directory")
    let empty = temporaryPath("empty.gguf")
    defer { try? FileManager.default.removeItem(atPath: empty) }
    #expect(FileManager.default.createFile(atPath: empty, contents: nil))
    #expect(try failure(empty).found == "an empty file")
    let pipe = temporaryPath("pipe")
    defer { try? FileManager.default.removeItem(atPath: pipe) }
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(try failure(pipe).found == "something not a plain file")
  }

  private func failure(_ path: String) throws -> GGUFError {
    try #require(throws: GGUFError.self) { _ = try GGUFFile(path: path) }
  }
}
