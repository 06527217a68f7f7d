/// FNV-1a, 64 bits, over the bit patterns of floats: tells computed results apart, not contents.
struct BitsHash {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ floats: some Sequence<Float>) {
    for float in floats {
      let word = float.bitPattern
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        value = (value ^ UInt64((word >> shift) & 0xFF)) &* 0x100_0000_01B3
      }
    }
  }

  /// 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
