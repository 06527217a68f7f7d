/// An open safetensors file: names, shapes and places of tensors, whose numbers stay on disk.
///
/// Format: https://huggingface.co/docs/safetensors/index. Everything the header says is checked
/// against the length of the file when it is opened. Opening costs memory for names and places
/// alone: at most the header's size and 300 bytes for each of at most 65,536 tensors.
package final class SafetensorsFile: Sendable {
  /// How numbers are stored; the names are the format's own.
  package enum Element: String, Sendable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case float64 = "F64"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"

    /// Whether the numbers can be read as floats.
    package var isReadable: Bool { tensorType != nil }

    var bytes: Int {
      switch self {
      case .float64, .int64, .uint64: 8
      case .float32, .int32, .uint32: 4
      case .float16, .bfloat16, .int16, .uint16: 2
      case .int8, .uint8, .bool, .float8e4m3, .float8e5m2: 1
      }
    }

    /// The same form in a GGUF file, for those whose numbers can be read as floats.
    package var tensorType: TensorType? {
      switch self {
      case .float32: .f32
      case .float16: .f16
      case .bfloat16: .bf16
      default: nil
      }
    }
  }

  package struct Tensor: Sendable {
    package let name: String
    package let element: Element
    /// Dimensions, the last one contiguous: the order of the file, opposite to ggml's.
    package let shape: [Int]
    /// Where the bytes lie in the file.
    let range: Range<Int>

    package var count: Int { shape.reduce(1, *) }
  }

  package let path: String
  package let tensors: [String: Tensor]
  private let storage: ByteStorage

  package convenience init(path: String) throws(GGUFError) {
    try self.init(path: path, storage: ByteStorage(mapping: path))
  }

  /// Opens a file that lies in memory; `name` stands for the path in messages.
  package convenience init(bytes: [UInt8], name: String) throws(GGUFError) {
    try self.init(path: name, storage: ByteStorage(copying: bytes))
  }

  private init(path: String, storage: ByteStorage) throws(GGUFError) {
    self.path = path
    self.storage = storage
    let parsed = Result { () throws(GGUFError) in
      try SafetensorsHeader(parsing: storage.bytes, file: path)
    }
    try storage.requireIntact()
    tensors = try parsed.get().tensors
  }

  /// Throws if the file has become shorter since it was opened.
  package func requireIntact() throws(GGUFError) { try storage.requireIntact() }

  /// Fills `floats` with a tensor's numbers from `start` on, whatever floating-point form they have.
  ///
  /// `tensor` must come from this file. Safe from several threads.
  package func read(
    _ tensor: Tensor, from start: Int, into floats: UnsafeMutableBufferPointer<Float>
  ) throws(GGUFError) {
    guard let type = tensor.element.tensorType else {
      throw GGUFError(
        file: path, field: "tensor \(tensor.name)", found: tensor.element.rawValue,
        expected: "F32, F16 or BF16")
    }
    precondition(start >= 0 && floats.count <= tensor.count - start, "numbers beyond the tensor")
    let size = tensor.element.bytes
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: floats.count * size, alignment: 64)
    defer { bytes.deallocate() }
    try storage.read(into: bytes, from: tensor.range.lowerBound + start * size)
    try Quantizer.dequantize(UnsafeRawBufferPointer(bytes), type: type, into: floats)
  }
}
