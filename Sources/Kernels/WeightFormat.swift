import CIntrinsics

/// How the weights of a matrix are stored.
package enum WeightFormat: String, Sendable, CaseIterable {
  // The names that the file format uses.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, iq4_nl, q2_K, q3_K, q4_K, q5_K, q6_K

  /// Quantised weights are multiplied in integers, 32 columns at a time.
  package var isQuantised: Bool { self != .f32 && self != .f16 && self != .bf16 }

  /// Columns of a block; a row is a whole number of blocks.
  package var blockColumns: Int { ci_source_columns(code) }

  /// Bytes of a row-major row as GGUF stores it.
  package func rowBytes(columns: Int) -> Int { columns / blockColumns * ci_source_bytes(code) }

  /// Bytes of a packed group of 16 rows; quantised columns are padded to a multiple of 64.
  func groupBytes(columns: Int) -> Int { ci_group_bytes(code, columns) }

  /// The kernels' number.
  package var code: Int {
    switch self {
    case .f32: CI_F32
    case .f16: CI_F16
    case .bf16: CI_BF16
    case .q8_0: CI_Q8_0
    case .q4_0: CI_Q4_0
    case .q4_1: CI_Q4_1
    case .q5_0: CI_Q5_0
    case .q5_1: CI_Q5_1
    case .iq4_nl: CI_IQ4_NL
    case .q2_K: CI_Q2_K
    case .q3_K: CI_Q3_K
    case .q4_K: CI_Q4_K
    case .q5_K: CI_Q5_K
    case .q6_K: CI_Q6_K
    }
  }
}
