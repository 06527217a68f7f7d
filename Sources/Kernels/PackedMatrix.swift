import CIntrinsics
import KernelsPortable

/// How the weights of a matrix are stored.
package enum WeightFormat: Sendable {
  // The names that the file format uses.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case f32, f16, bf16, q8_0, q4_0

  /// Quantised weights are multiplied in integers, 32 columns at a time.
  package var isQuantised: Bool { self == .q8_0 || self == .q4_0 }

  /// Bytes of a row-major row as GGUF stores it.
  package func rowBytes(columns: Int) -> Int {
    switch self {
    case .f32: columns * 4
    case .f16, .bf16: columns * 2
    case .q8_0: columns / 32 * 34
    case .q4_0: columns / 32 * 18
    }
  }

  /// Bytes of a packed group of 16 rows; quantised columns are padded to a multiple of 64.
  func groupBytes(columns: Int) -> Int {
    switch self {
    case .f32: columns * 64
    case .f16, .bf16: columns * 32
    case .q8_0: (columns + 63) / 64 * 1088
    case .q4_0: (columns + 63) / 64 * 576
    }
  }

  var code: Int {
    switch self {
    case .f32: CI_F32
    case .f16: CI_F16
    case .bf16: CI_BF16
    case .q8_0: CI_Q8_0
    case .q4_0: CI_Q4_0
    }
  }
}

/// Weights (rows, columns), repacked once into records of 16 rows that prefill and decode share.
///
/// A row is an output of the product. Quantised formats need columns that are a multiple of 32; rows and
/// the columns of float formats may have any number.
package final class PackedMatrix: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  package let format: WeightFormat
  /// Bytes of the packed form, padding included: what one product reads.
  package let byteCount: Int
  let memory: UnsafeMutableRawPointer
  private let owner: WeightMemory

  /// Packs row-major GGUF bytes; their number must be that of the shape, which the caller has checked.
  package init(packing bytes: UnsafeRawBufferPointer, format: WeightFormat, rows: Int, columns: Int)
  {
    precondition(rows > 0 && columns > 0, "a matrix has rows and columns")
    precondition(!format.isQuantised || columns % 32 == 0, "quantised rows hold whole blocks of 32")
    precondition(bytes.count == rows * format.rowBytes(columns: columns), "bytes of another shape")
    self.rows = rows
    self.columns = columns
    self.format = format
    byteCount = groupCount(rows) * format.groupBytes(columns: columns)
    (owner, memory) = WeightMemory.allocate(byteCount)
    packingKernels.pack(bytes.baseAddress, format.code, rows, columns, memory)
  }

  var groups: Int { groupCount(rows) }
}

private func groupCount(_ rows: Int) -> Int { (rows + 15) / 16 }

/// Packing moves bytes only; the portable kernels are compiled with optimisation in every build.
private let packingKernels = portableKernels()
