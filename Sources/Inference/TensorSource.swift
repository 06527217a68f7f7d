import GGUF
import Kernels
import Synchronization

/// Reads tensors for a model's weights, checking name, shape and type of each.
///
/// Matrices are read and packed by all threads of the backend, part by part, so that loading never holds
/// the file and its packed form together.
///
/// It remembers what was read: a tensor that nothing asked for (a bias, an expert) would change the
/// result if it were ignored, so `finish` refuses the file that has one.
struct TensorSource {
  let file: GGUFFile
  private let backend: Backend
  private let reader: PartReader
  /// Matrices that were packed before.
  private let stored: PackedWeights?
  private var used: Set<String> = []
  /// Every matrix so far.
  private(set) var matrices: [PackedWeights.Source] = []
  /// Whether each of them was taken from `stored`.
  private(set) var isAllStored = true

  /// Takes matrices from `stored` where it has them.
  init(_ file: GGUFFile, backend: Backend, stored: PackedWeights? = nil) {
    self.file = file
    self.backend = backend
    self.stored = stored
    reader = PartReader(file)
  }

  func has(_ name: String) -> Bool { file.tensors[name] != nil }

  /// A weight matrix, repacked for the kernels; the file's bytes are no longer needed afterwards.
  mutating func matrix(_ name: String, rows: Int, columns: Int) throws -> PackedMatrix {
    try matrices(name, rows: [rows], columns: columns)[0]
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
    var first = 0
    return try rows.map { count in
      defer { first += count }
      let key = PackedWeights.Key(name, firstRow: first)
      let matrix: PackedMatrix
      if let found = stored?.matrix(key, format: format, rows: count, columns: columns) {
        matrix = found
      } else {
        matrix = PackedMatrix(format: format, rows: count, columns: columns)
        try pack(info, from: first, into: matrix)
        isAllStored = false
      }
      matrices.append(PackedWeights.Source(key: key, matrix: matrix))
      return matrix
    }
  }

  /// Bytes of the file that one thread reads and packs at once: enough to make the calls of the system
  /// cheap, and little beside the second-level cache and the matrices whose last part threads wait for.
  private static let partBytes = 1 << 18

  /// Packs a tensor's rows from `first` on, as many as the matrix has.
  private func pack(_ info: TensorInfo, from first: Int, into matrix: PackedMatrix) throws {
    let rowBytes = matrix.format.rowBytes(columns: matrix.columns)
    // Eight parts a thread at least, unless they are single groups of rows.
    let share = matrix.rows * rowBytes / (8 * backend.threads)
    let step = max(16, min(Self.partBytes, share) / rowBytes & ~15)
    let failure = Mutex<(any Error)?>(nil)
    backend.share(units: (matrix.rows + step - 1) / step) { unit in
      let row = unit * step
      let count = min(step, matrix.rows - row)
      let start = (first + row) * rowBytes
      do {
        try reader.withPart(start..<(start + count * rowBytes), of: info) {
          matrix.pack($0, firstRow: row, rows: count)
        }
      } catch {
        failure.withLock { $0 = error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
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
