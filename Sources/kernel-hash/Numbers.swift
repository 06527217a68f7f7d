import Kernels

/// A fixed sequence of pseudo-random numbers.
struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) ^ (state >> 13 & 0xFFFF_FFFF)
  }

  /// Between -1 and 1.
  mutating func float() -> Float {
    Float(Int64(next() & 0xFF_FFFF) - 0x80_0000) / 0x80_0000
  }

  mutating func buffer(_ count: Int) -> FloatBuffer {
    let buffer = FloatBuffer(count)
    for i in 0..<count { buffer.pointer[i] = float() * (i % 29 == 0 ? 5 : 1) }
    return buffer
  }

  private func upperBytes(_ format: WeightFormat) -> [Int] {
    switch format {
    case .f32: [3]
    case .q4_1, .q5_1, .q4_K, .q5_K: [1, 3]
    case .q2_K: [81, 83]
    case .q3_K: [109]
    case .q6_K: [209]
    default: [1]
    }
  }

  /// Row-major GGUF bytes with scales of ordinary size.
  mutating func weights(_ format: WeightFormat, rows: Int, columns: Int) -> [UInt8] {
    let count = rows * format.rowBytes(columns: columns)
    var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    // The upper byte of every float in a block: any sign and fraction, an exponent of 2^-2 to 2^-7.
    let step = format.rowBytes(columns: format.blockColumns)
    for start in stride(from: 0, to: count, by: step) {
      for i in upperBytes(format) {
        let kept = bytes[start + i]
        switch format {
        case .f32, .bf16: bytes[start + i] = kept & 0x80 | 0x3E
        case .f16: bytes[start + i] = kept & 0x83 | 0x34
        default: bytes[start + i] = kept & 0x83 | 0x20
        }
      }
    }
    return bytes
  }
}

/// 64-bit FNV-1a over bit patterns.
struct Hash {
  private var state: UInt64 = 14_695_981_039_346_656_037

  mutating func add(_ value: UInt64) {
    state = (state ^ value) &* 1_099_511_628_211
  }

  mutating func add(_ buffer: FloatBuffer) {
    for i in 0..<buffer.count { add(UInt64(buffer.pointer[i].bitPattern)) }
  }

  func show(_ name: String) {
    print("\(name) \(String(state, radix: 16))")
  }
}
