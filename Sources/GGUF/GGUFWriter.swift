/// Builds a GGUF file in memory, version 3, with the default alignment of 32 bytes.
///
/// For files of any size see `ModelWriter`.
package struct GGUFWriter {
  private var layout = GGUFLayout()
  private var contents: [[UInt8]] = []

  package init() {}

  /// Adds a metadata value; keys stay in the order they are added.
  package mutating func add(_ key: String, _ value: MetadataValue) {
    layout.entries.append((key, value))
  }

  /// Adds a tensor whose bytes are already in the form of `type`.
  ///
  /// - Parameter shape: dimensions in ggml's order, row length first.
  package mutating func add(
    tensor name: String, shape: [Int], type: TensorType, bytes: [UInt8]
  ) throws(GGUFError) {
    let rowLength = shape.first ?? 0
    let tensor = GGUFLayout.Tensor(name: name, shape: shape, type: type)
    guard rowLength > 0, rowLength % type.blockLength == 0, bytes.count == tensor.byteCount else {
      throw GGUFError(
        file: "writer", field: "tensor \(name)", found: "\(bytes.count) bytes for shape \(shape)",
        expected: "\(tensor.byteCount) bytes and rows of whole \(type.name) blocks")
    }
    layout.tensors.append(tensor)
    contents.append(bytes)
  }

  /// The whole file.
  package func encoded() -> [UInt8] {
    var file = layout.encoded()
    for bytes in contents {
      file += bytes
      file += repeatElement(0, count: GGUFLayout.padding(after: bytes.count))
    }
    return file
  }

  /// Writes the file whole or not at all: to a temporary name beside it, synced, then renamed.
  package func write(to path: String) throws(GGUFError) {
    let output = try DurableOutput(path: path, replacing: true)
    try output.append(encoded())
    try output.finish()
  }
}

/// What a GGUF file says before its tensors' data.
struct GGUFLayout {
  struct Tensor {
    let name: String
    let shape: [Int]
    let type: TensorType

    var byteCount: Int {
      let rows = shape.dropFirst().reduce(1, *)
      return (shape.first ?? 0) / type.blockLength * type.blockBytes * rows
    }
  }

  static let alignment = 32

  var entries: [(key: String, value: MetadataValue)] = []
  var tensors: [Tensor] = []

  /// The zeros between the end of data of `count` bytes and the next multiple of the alignment.
  static func padding(after count: Int) -> Int { (alignment - count % alignment) % alignment }

  /// Everything up to the first tensor's data, which lies at the next byte.
  func encoded() -> [UInt8] {
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
      offset += tensor.byteCount + Self.padding(after: tensor.byteCount)
    }
    file += repeatElement(0, count: Self.padding(after: file.count))
    return file
  }
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
