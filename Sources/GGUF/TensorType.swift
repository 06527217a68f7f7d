// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The cases keep ggml's own spelling.

/// How the numbers of a tensor are stored, by ggml's type number.
package enum TensorType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4_0 = 2
  case q4_1 = 3
  case q5_0 = 6
  case q5_1 = 7
  case q8_0 = 8
  case q8_1 = 9
  case q2_K = 10
  case q3_K = 11
  case q4_K = 12
  case q5_K = 13
  case q6_K = 14
  case q8_K = 15
  case iq2_xxs = 16
  case iq2_xs = 17
  case iq3_xxs = 18
  case iq1_s = 19
  case iq4_nl = 20
  case iq3_s = 21
  case iq2_s = 22
  case iq4_xs = 23
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case iq1_m = 29
  case bf16 = 30
  case tq1_0 = 34
  case tq2_0 = 35
  case mxfp4 = 39
  case nvfp4 = 40
  case q1_0 = 41
  case q2_0 = 42

  /// The name as ggml writes it, such as `Q8_0` or `Q4_K`.
  package var name: String {
    String(describing: self).uppercased()
  }

  /// How many numbers one block holds; a row is a whole number of blocks.
  package var blockLength: Int { layout.length }

  /// How many bytes one block takes.
  package var blockBytes: Int { layout.bytes }

  /// Sizes from ggml-common.h: scales and quants of each block struct, added up.
  private var layout: (length: Int, bytes: Int) {
    switch self {
    case .f32, .i32: (1, 4)
    case .f16, .bf16, .i16: (1, 2)
    case .i8: (1, 1)
    case .i64, .f64: (1, 8)
    case .q4_0: (32, 2 + 16)
    case .q4_1: (32, 4 + 16)
    case .q5_0: (32, 2 + 4 + 16)
    case .q5_1: (32, 4 + 4 + 16)
    case .q8_0: (32, 2 + 32)
    case .q8_1: (32, 4 + 32)
    case .iq4_nl: (32, 2 + 16)
    case .mxfp4: (32, 1 + 16)
    case .nvfp4: (64, 4 + 32)
    case .q1_0: (128, 2 + 16)
    case .q2_0: (64, 2 + 16)
    default: (256, superblockBytes)
    }
  }

  private var superblockBytes: Int {
    switch self {
    case .q2_K: 16 + 64 + 4
    case .q3_K: 64 + 32 + 12 + 2
    case .q4_K: 4 + 12 + 128
    case .q5_K: 4 + 12 + 128 + 32
    case .q6_K: 128 + 64 + 16 + 2
    case .q8_K: 4 + 256 + 32
    case .iq2_xxs: 2 + 64
    case .iq2_xs: 2 + 64 + 8
    case .iq3_xxs: 2 + 64 + 32
    case .iq1_s: 2 + 32 + 16
    case .iq3_s: 2 + 64 + 32 + 8 + 4
    case .iq2_s: 2 + 64 + 16
    case .iq4_xs: 2 + 2 + 4 + 128
    case .iq1_m: 32 + 16 + 8
    case .tq1_0: 2 + 48 + 4
    case .tq2_0: 2 + 64
    default: 0
    }
  }
}
