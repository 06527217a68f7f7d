import CIntrinsics

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
