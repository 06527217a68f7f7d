import GGUF
import Kernels

extension WeightFormat {
  static let supportedTypes = "F32, F16, BF16, Q8_0 or Q4_0"

  /// Nil for a type that there is no kernel for.
  init?(_ type: TensorType) {
    switch type {
    case .f32: self = .f32
    case .f16: self = .f16
    case .bf16: self = .bf16
    case .q8_0: self = .q8_0
    case .q4_0: self = .q4_0
    default: return nil
    }
  }
}
