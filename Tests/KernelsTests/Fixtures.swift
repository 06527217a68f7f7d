import Kernels

/// A fixed sequence of pseudo-random numbers.
struct Numbers {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// Between -1 and 1.
  mutating func float() -> Float {
    Float(Int64(next() & 0xFF_FFFF) - 0x80_0000) / 0x80_0000
  }

  /// Floats with an outlier now and then.
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { float() * ($0 % 29 == 0 ? 40 : 1) }
  }

  /// Row-major GGUF bytes with finite numbers of ordinary size.
  mutating func weights(_ format: WeightFormat, rows: Int, columns: Int) -> [UInt8] {
    var bytes = (0..<rows * format.rowBytes(columns: columns)).map { _ in
      UInt8(truncatingIfNeeded: next())
    }
    let (first, step): (Int, Int) =
      switch format {
      case .q8_0: (1, 34)
      case .q4_0: (1, 18)
      case .f16, .bf16: (1, 2)
      case .f32: (3, 4)
      }
    for i in stride(from: first, to: bytes.count, by: step) {
      bytes[i] = format == .f32 || format == .bf16 ? bytes[i] & 0x80 | 0x3E : bytes[i] & 0x83 | 0x20
    }
    return bytes
  }
}

extension FloatBuffer {
  convenience init(_ values: [Float]) {
    self.init(values.count)
    for (i, value) in values.enumerated() { pointer[i] = value }
  }

  var values: [Float] { (0..<count).map { pointer[$0] } }
}

/// The bit patterns, because equal here means equal in every bit.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

func packed(_ bytes: [UInt8], _ format: WeightFormat, _ rows: Int, _ columns: Int) -> PackedMatrix {
  bytes.withUnsafeBytes {
    PackedMatrix(packing: $0, format: format, rows: rows, columns: columns)
  }
}

let allFormats: [WeightFormat] = [.q8_0, .q4_0, .f32, .f16, .bf16]
