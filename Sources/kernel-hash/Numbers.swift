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

  /// Row-major GGUF bytes with scales of ordinary size.
  mutating func weights(_ format: WeightFormat, rows: Int, columns: Int) -> [UInt8] {
    let count = rows * format.rowBytes(columns: columns)
    var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    switch format {
    case .q8_0, .q4_0:
      let block = format == .q8_0 ? 34 : 18
      // A half-precision scale: any fraction and sign, exponent of 2^-7.
      for i in stride(from: 1, to: count, by: block) { bytes[i] = bytes[i] & 0x83 | 0x20 }
    case .f16:
      for i in stride(from: 1, to: count, by: 2) { bytes[i] = bytes[i] & 0x83 | 0x34 }
    case .bf16:
      for i in stride(from: 1, to: count, by: 2) { bytes[i] = bytes[i] & 0x80 | 0x3E }
    case .f32:
      for i in stride(from: 3, to: count, by: 4) { bytes[i] = bytes[i] & 0x80 | 0x3E }
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
