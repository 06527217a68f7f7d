import GGUF
import Kernels

extension WeightFormat {
  static let supportedTypes =
    "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, Q2_K, Q3_K, Q4_K, Q5_K or Q6_K"

  /// Nil for a type that there is no kernel for.
  init?(_ type: TensorType) {
    switch type {
    case .f32: self = .f32
    case .f16: self = .f16
    case .bf16: self = .bf16
    case .q8_0: self = .q8_0
    case .q4_0: self = .q4_0
    case .q4_1: self = .q4_1
    case .q5_0: self = .q5_0
    case .q5_1: self = .q5_1
    case .iq4_nl: self = .iq4_nl
    case .q2_K: self = .q2_K
    case .q3_K: self = .q3_K
    case .q4_K: self = .q4_K
    case .q5_K: self = .q5_K
    case .q6_K: self = .q6_K
    default: return nil
    }
  }
}
