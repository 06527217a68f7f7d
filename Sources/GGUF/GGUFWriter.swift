#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Builds a GGUF file, version 3, with the default alignment of 32 bytes.
package struct GGUFWriter {
  private var entries: [(key: String, value: MetadataValue)] = []
  private var tensors: [(name: String, shape: [Int], type: TensorType, bytes: [UInt8])] = []
  private let alignment = 32

  package init() {}

  /// Adds a metadata value; keys stay in the order they are added.
  package mutating func add(_ key: String, _ value: MetadataValue) {
    entries.append((key, value))
  }

  /// Adds a tensor whose bytes are already in the form of `type`.
  ///
  /// - Parameter shape: dimensions in ggml's order, row length first.
  package mutating func add(
    tensor name: String, shape: [Int], type: TensorType, bytes: [UInt8]
  ) throws(GGUFError) {
    let rows = shape.dropFirst().reduce(1, *)
    let rowLength = shape.first ?? 0
    let expected = rowLength / type.blockLength * type.blockBytes * rows
    guard rowLength > 0, rowLength % type.blockLength == 0, bytes.count == expected else {
      throw GGUFError(
        file: "writer", field: "tensor \(name)", found: "\(bytes.count) bytes for shape \(shape)",
        expected: "\(expected) bytes and rows of whole \(type.name) blocks")
    }
    tensors.append((name, shape, type, bytes))
  }

  /// The whole file.
  package func encoded() -> [UInt8] {
    var file: [UInt8] = Array("GGUF".utf8)
    file.appendInteger(UInt32(3))
    file.appendInteger(UInt64(tensors.count))
    file.appendInteger(UInt64(entries.count))
    for (key, value) in entries {
      file.appendString(key)
      file.appendInteger(value.type.rawValue)
      file.append(value)
    }
    var offset = 0
    for tensor in tensors {
      file.appendString(tensor.name)
      file.appendInteger(UInt32(tensor.shape.count))
      for length in tensor.shape { file.appendInteger(UInt64(length)) }
      file.appendInteger(tensor.type.rawValue)
      file.appendInteger(UInt64(offset))
      offset += padded(tensor.bytes.count)
    }
    for bytes in tensors.lazy.map(\.bytes) {
      file.append(contentsOf: repeatElement(0, count: padded(file.count) - file.count))
      file.append(contentsOf: bytes)
    }
    file.append(contentsOf: repeatElement(0, count: padded(file.count) - file.count))
    return file
  }

  /// Writes the file whole or not at all: to a temporary name beside it, synced, then renamed.
  package func write(to path: String) throws(GGUFError) {
    let temporary = path + ".partial"
    func failure(_ field: String) -> GGUFError {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      return GGUFError(file: path, field: field, found: reason, expected: "a writable file")
    }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("file") }
    let bytes = encoded()
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { rest in
        Self.systemWrite(descriptor, rest)
      }
      guard count > 0 else {
        defer { close(descriptor) }
        throw failure("data")
      }
      written += count
    }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
      throw failure("file")
    }
  }

  /// The system's call, which a method named `write` would otherwise hide.
  private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Darwin)
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

extension [UInt8] {
  mutating func appendInteger<T: FixedWidthInteger>(_ value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  mutating func appendString(_ string: String) {
    appendInteger(UInt64(string.utf8.count))
    append(contentsOf: string.utf8)
  }

  fileprivate mutating func append(_ value: MetadataValue) {
    switch value {
    case .uint8(let value): appendInteger(value)
    case .int8(let value): appendInteger(value)
    case .uint16(let value): appendInteger(value)
    case .int16(let value): appendInteger(value)
    case .uint32(let value): appendInteger(value)
    case .int32(let value): appendInteger(value)
    case .uint64(let value): appendInteger(value)
    case .int64(let value): appendInteger(value)
    case .float32(let value): appendInteger(value.bitPattern)
    case .float64(let value): appendInteger(value.bitPattern)
    case .bool(let value): append(value ? 1 : 0)
    case .string(let value): appendString(value)
    case .array(let array):
      appendInteger(array.elementType.rawValue)
      appendInteger(UInt64(array.count))
      append(contentsOf: array.encoded)
    }
  }
}
