import Foundation
import GGUF
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  /// A header with its length, and `data` zeros behind it.
  private func file(_ header: String, data: Int = 64) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    return bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  private func failure(_ bytes: [UInt8]) throws -> GGUFError {
    try #require(throws: GGUFError.self) { try SafetensorsFile(bytes: bytes, name: "raw") }
  }

  private func entry(_ shape: String, _ offsets: String, _ type: String = "F32") -> String {
    #"{"dtype": "\#(type)", "shape": \#(shape), "data_offsets": \#(offsets)}"#
  }

  @Test func numbersOfThreeFormsAreRead() throws {
    var bytes = file(
      """
      {"__metadata__": {"format": "pt"}, "a": \(entry("[2]", "[0, 8]")),
       "b\\u00e9\\ud83d\\ude00": \(entry("[2, 1]", "[8,12]", "F16")),
       "c": \(entry("[]", "[12,14]", "BF16"))}
      """, data: 0)
    for value: Float in [1.5, -2] {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    bytes += [0x00, 0x3C, 0x00, 0xC0, 0x80, 0x3F]
    let file = try SafetensorsFile(bytes: bytes, name: "three")
    #expect(try read(file, "a") == [1.5, -2])
    #expect(try read(file, "bé😀") == [1, -2])
    #expect(try read(file, "c") == [1])
    #expect(file.tensors["bé😀"]?.shape == [2, 1])
    #expect(file.tensors["c"]?.count == 1)
  }

  @Test func integersAreKnownButNotReadAsFloats() throws {
    let file = try SafetensorsFile(
      bytes: file("{\"a\": \(entry("[2]", "[0,16]", "I64"))}"), name: "i")
    let error = #expect(throws: GGUFError.self) { try read(file, "a") }
    #expect(error?.expected == "F32, F16 or BF16")
  }

  @Test func aFileCutAnywhereIsRefused() throws {
    let bytes = file("{\"a\": \(entry("[16]", "[0,64]"))}")
    #expect(try SafetensorsFile(bytes: bytes, name: "whole").tensors.count == 1)
    for length in 0..<bytes.count {
      #expect(throws: GGUFError.self) {
        try SafetensorsFile(bytes: Array(bytes[..<length]), name: "cut")
      }
    }
  }

  @Test(arguments: [
    (#"{"a": {"dtype": "F31", "shape": [1], "data_offsets": [0, 4]}}"#, "dtype of tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}"#, "data_offsets of tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#, "data_offsets of tensor a"),
    (
      #"{"a": {"dtype": "F32", "shape": [17], "data_offsets": [0, 68]}}"#,
      "data_offsets of tensor a"
    ),
    (#"{"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}"#, "shape of tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#, "shape of tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}"#, "shape of tensor a"),
    (
      #"{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 4]}}"#,
      "shape of tensor a"
    ),
    (
      #"{"a": {"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 4]}}"#,
      "shape of tensor a"
    ),
    (#"{"a": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,1]}}"#, "shape of tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [1]}}"#, "tensor a"),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "x": 1}}"#, "tensor a"),
    (#"{"a": 1}"#, "tensor a"), (#"{"": {}}"#, "tensor 0"), (#"[]"#, "header"), (#"{"#, "header"),
    (#"{"a\q": 1}"#, "header"), (#"{"a\ud800": 1}"#, "header"), (#"{} x"#, "header"),
    (#"{"__metadata__": {"a": [[[[[]]]]]}}"#, "metadata"), ("", "header"),
  ])
  func oddHeadersAreRefused(header: String, field: String) throws {
    #expect(try failure(file(header)).field == field)
  }

  @Test(arguments: [.max, 1 << 62, 100_000_001, 1_000] as [UInt64])
  func lengthsBeyondTheFileAreRefused(length: UInt64) throws {
    var bytes = file("{}")
    withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    #expect(try failure(bytes).field == "header length")
  }

  @Test func tensorsThatShareBytesOrNamesAreRefused() throws {
    let shared = "{\"a\": \(entry("[4]", "[0,16]")), \"b\": \(entry("[4]", "[12,28]"))}"
    #expect(try failure(file(shared)).expected == "tensors that do not overlap")
    let twice = "{\"a\": \(entry("[1]", "[0,4]")), \"a\": \(entry("[1]", "[4,8]"))}"
    #expect(try failure(file(twice)).found == "the name a second time")
  }

  @Test func longKeysAreRefusedBeforeTheyAreBuilt() throws {
    let name = String(repeating: "a", count: 70_000)
    let error = try failure(file("{\"\(name)\": 1}"))
    #expect(error.found == "a longer string")
    #expect(error.expected == "at most 65535 bytes")
    let metadata = "{\"__metadata__\": {\"a\": \"\(name)\\\"\\\\\"}}"
    #expect(try SafetensorsFile(bytes: file(metadata), name: "metadata").tensors.isEmpty)
  }

  @Test func flippedBitsNeverTrap() throws {
    let header = "{\"a\": \(entry("[4,2]", "[0,32]")), \"b\": \(entry("[4]", "[32,40]", "F16"))}"
    let bytes = file(header)
    var random = SeededGenerator(seed: 7)
    var opened = 0
    for _ in 0..<4_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      guard let file = try? SafetensorsFile(bytes: damaged, name: "flipped") else { continue }
      opened += 1
      for name in file.tensors.keys { _ = try? read(file, name) }
    }
    #expect(opened > 0)
  }

  private func read(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
    let tensor = try #require(file.tensors[name])
    var floats = [Float](repeating: 0, count: tensor.count)
    try floats.withUnsafeMutableBufferPointer { try file.read(tensor, from: 0, into: $0) }
    return floats
  }
}
