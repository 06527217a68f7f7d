import GGUF
import Kernels

/// Reads tensors for a model's weights, checking name, shape and type of each.
///
/// It remembers what was read: a tensor that nothing asked for (a bias, an expert) would change the
/// result if it were ignored, so `finish` refuses the file that has one.
struct TensorSource {
  let file: GGUFFile
  private var used: Set<String> = []

  init(_ file: GGUFFile) {
    self.file = file
  }

  func has(_ name: String) -> Bool { file.tensors[name] != nil }

  /// A weight matrix, repacked for the kernels; the file's bytes are no longer needed afterwards.
  mutating func matrix(_ name: String, rows: Int, columns: Int) throws -> PackedMatrix {
    let info = try tensor(name, shape: [columns, rows])
    guard let format = WeightFormat(info.type) else {
      throw error(name, found: "type \(info.type.name)", expected: WeightFormat.supportedTypes)
    }
    return try file.withBytes(of: info) {
      PackedMatrix(packing: $0, format: format, rows: rows, columns: columns)
    }
  }

  /// Several matrices that lie one after the other in one tensor, as fused projections do.
  ///
  /// `rows`: how many rows each has; together they are the tensor's.
  mutating func matrices(
    _ name: String, rows: [Int], columns: Int
  ) throws -> [PackedMatrix] {
    let info = try tensor(name, shape: [columns, rows.reduce(0, +)])
    guard let format = WeightFormat(info.type) else {
      throw error(name, found: "type \(info.type.name)", expected: WeightFormat.supportedTypes)
    }
    let rowBytes = format.rowBytes(columns: columns)
    return try file.withBytes(of: info) { bytes in
      var first = 0
      return rows.map { count in
        defer { first += count }
        return PackedMatrix(
          packing: UnsafeRawBufferPointer(
            rebasing: bytes[(first * rowBytes)..<((first + count) * rowBytes)]),
          format: format, rows: count, columns: columns)
      }
    }
  }

  /// A vector such as a norm's weight or a bias.
  mutating func vector(_ name: String, count: Int) throws -> FloatBuffer {
    try floats(name, shape: [count])
  }

  /// A small table that is kept as floats, row after row without padding.
  mutating func table(_ name: String, rows: Int, columns: Int) throws -> FloatBuffer {
    try floats(name, shape: [columns, rows])
  }

  /// Checks that every tensor of the file was asked for.
  func finish() throws {
    guard let extra = file.tensorOrder.first(where: { !used.contains($0) }) else { return }
    throw error(extra, found: "a tensor that this architecture does not use", expected: "none")
  }

  private mutating func floats(_ name: String, shape: [Int]) throws -> FloatBuffer {
    let info = try tensor(name, shape: shape)
    guard [.f32, .f16, .bf16].contains(info.type) else {
      throw error(name, found: "type \(info.type.name)", expected: "F32, F16 or BF16")
    }
    let values = try file.withBytes(of: info) {
      try Quantizer.dequantize($0, type: info.type, count: info.elementCount)
    }
    let buffer = FloatBuffer(values.count)
    for (index, value) in values.enumerated() { buffer.pointer[index] = value }
    return buffer
  }

  private mutating func tensor(_ name: String, shape: [Int]) throws -> TensorInfo {
    let info = try file.tensor(name)
    var found = info.shape
    while found.count > shape.count, found.last == 1 { found.removeLast() }
    guard found == shape else {
      throw error(name, found: "shape \(info.shape)", expected: "shape \(shape)")
    }
    used.insert(name)
    return info
  }

  func error(_ name: String, found: String, expected: String) -> GGUFError {
    GGUFError(file: file.path, field: "tensor \(name)", found: found, expected: expected)
  }
}
