import Foundation
import GGUF

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

/// Writes a header byte by byte, so that each test can spoil one thing.
struct RawHeader {
  var bytes: [UInt8] = []

  init(version: UInt32 = 3, tensors: UInt64 = 0, entries: UInt64 = 0) {
    bytes = Array("GGUF".utf8)
    append(version)
    append(tensors)
    append(entries)
  }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func entry(_ key: String, type: UInt32) {
    append(key)
    append(type)
  }

  mutating func tensor(_ name: String, shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
    append(name)
    append(UInt32(shape.count))
    for length in shape { append(length) }
    append(type)
    append(offset)
  }

  /// The error that opening these bytes, followed by `data` zeros, gives.
  func failure(data: Int = 4096) -> GGUFError? {
    do {
      _ = try GGUFFile(bytes: bytes + Array(repeating: 0, count: data), name: "raw.gguf")
      return nil
    } catch {
      return error
    }
  }
}

/// A small file with every metadata type and several tensors.
func sampleWriter() throws -> GGUFWriter {
  var writer = GGUFWriter()
  writer.add("general.architecture", .string("llama"))
  writer.add("u8", .uint8(200))
  writer.add("i8", .int8(-5))
  writer.add("u16", .uint16(60000))
  writer.add("i16", .int16(-300))
  writer.add("u32", .uint32(4_000_000_000))
  writer.add("i32", .int32(-7))
  writer.add("u64", .uint64(.max))
  writer.add("i64", .int64(.min))
  writer.add("f32", .float32(1.5))
  writer.add("f64", .float64(2.25))
  writer.add("yes", .bool(true))
  writer.add("words", .array(.init(strings: ["", "a", "▁the"])))
  writer.add("ints", .array(.init(integers: [1, -2, 3])))
  writer.add("floats", .array(.init(floats: [0.5, -1.25])))
  let values = (0..<64).map { Float($0 - 32) / 8 }
  for (name, type) in [("a", TensorType.f32), ("b", .q8_0), ("c", .q4_0), ("d", .bf16)] {
    try writer.add(
      tensor: name, shape: [32, 2], type: type, bytes: Quantizer.quantize(values, to: type))
  }
  return writer
}

func temporaryPath(_ name: String) -> String {
  FileManager.default.temporaryDirectory
    .appending(path: "tributary-\(UUID().uuidString)-\(name)").path
}
