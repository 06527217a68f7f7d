/// XXH3 of 64 bits for long inputs, seed 0 and the standard secret (Collet, "XXH3", specification 0.2.0).
///
/// A checksum against torn and damaged files, not against an attacker, about as fast as memory: its 64
/// bytes of state are vectors of products of 32 bits, which every instruction set has.
enum XXHash3 {
  /// Shorter inputs have other formulas, which are not here.
  static let minimumCount = 241

  private static let prime32: (UInt64, UInt64, UInt64) = (0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D)
  private static let prime64: [UInt64] = [
    0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
    0x27D4_EB2F_1656_67C5,
  ]
  private static let stripe = 64
  private static let secretStep = 8
  private static let stripesInBlock = (secret.count - stripe) / secretStep

  /// The hash of at least `minimumCount` bytes.
  static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    precondition(bytes.count >= minimumCount, "the formulas for short inputs are not here")
    return secret.withUnsafeBytes { hash(bytes, $0.baseAddress!) }
  }

  private static func hash(
    _ bytes: UnsafeRawBufferPointer, _ secret: UnsafeRawPointer
  ) -> UInt64 {
    let base = bytes.baseAddress!
    let lastSecret = Self.secret.count - stripe
    var state = SIMD8(
      prime32.2, prime64[0], prime64[1], prime64[2], prime64[3], prime32.1, prime64[4], prime32.0)
    // The last stripe always ends with the input, whatever stripes it overlaps.
    let stripes = (bytes.count - 1) / stripe
    var inBlock = 0
    for index in 0..<stripes {
      accumulate(base + index &* stripe, secret + inBlock &* secretStep, &state)
      inBlock &+= 1
      guard inBlock == stripesInBlock else { continue }
      state = (state ^ (state &>> 47) ^ words(secret + lastSecret)) &* prime32.0
      inBlock = 0
    }
    accumulate(base + bytes.count - stripe, secret + lastSecret - 7, &state)
    return merge(state, words(secret + 11), UInt64(bytes.count) &* prime64[0])
  }

  @inline(__always)
  private static func accumulate(
    _ input: UnsafeRawPointer, _ secret: UnsafeRawPointer, _ state: inout SIMD8<UInt64>
  ) {
    let data = words(input)
    let keyed = data ^ words(secret)
    state &+= swapped(data)
    state &+= (keyed & 0xFFFF_FFFF) &* (keyed &>> 32)
  }

  /// The words of each pair exchanged.
  @inline(__always)
  private static func swapped(_ x: SIMD8<UInt64>) -> SIMD8<UInt64> {
    SIMD8(x[1], x[0], x[3], x[2], x[5], x[4], x[7], x[6])
  }

  private static func merge(
    _ state: SIMD8<UInt64>, _ secret: SIMD8<UInt64>, _ start: UInt64
  ) -> UInt64 {
    let mixed = state ^ secret
    var result = start
    for pair in 0..<4 {
      let product = mixed[2 * pair].multipliedFullWidth(by: mixed[2 * pair + 1])
      result &+= product.low ^ product.high
    }
    result = (result ^ result >> 37) &* 0x1656_6791_9E37_79F9
    return result ^ result >> 32
  }

  /// Eight little-endian words.
  @inline(__always)
  private static func words(_ address: UnsafeRawPointer) -> SIMD8<UInt64> {
    let loaded = address.loadUnaligned(as: SIMD8<UInt64>.self)
    #if _endian(little)
      return loaded
    #else
      return SIMD8((0..<8).map { loaded[$0].littleEndian })
    #endif
  }

  private static let secret: [UInt8] = [
    0xB8, 0xFE, 0x6C, 0x39, 0x23, 0xA4, 0x4B, 0xBE, 0x7C, 0x01, 0x81, 0x2C, 0xF7, 0x21, 0xAD, 0x1C,
    0xDE, 0xD4, 0x6D, 0xE9, 0x83, 0x90, 0x97, 0xDB, 0x72, 0x40, 0xA4, 0xA4, 0xB7, 0xB3, 0x67, 0x1F,
    0xCB, 0x79, 0xE6, 0x4E, 0xCC, 0xC0, 0xE5, 0x78, 0x82, 0x5A, 0xD0, 0x7D, 0xCC, 0xFF, 0x72, 0x21,
    0xB8, 0x08, 0x46, 0x74, 0xF7, 0x43, 0x24, 0x8E, 0xE0, 0x35, 0x90, 0xE6, 0x81, 0x3A, 0x26, 0x4C,
    0x3C, 0x28, 0x52, 0xBB, 0x91, 0xC3, 0x00, 0xCB, 0x88, 0xD0, 0x65, 0x8B, 0x1B, 0x53, 0x2E, 0xA3,
    0x71, 0x64, 0x48, 0x97, 0xA2, 0x0D, 0xF9, 0x4E, 0x38, 0x19, 0xEF, 0x46, 0xA9, 0xDE, 0xAC, 0xD8,
    0xA8, 0xFA, 0x76, 0x3F, 0xE3, 0x9C, 0x34, 0x3F, 0xF9, 0xDC, 0xBB, 0xC7, 0xC7, 0x0B, 0x4F, 0x1D,
    0x8A, 0x51, 0xE0, 0x4B, 0xCD, 0xB4, 0x59, 0x31, 0xC8, 0x9F, 0x7E, 0xC9, 0xD9, 0x78, 0x73, 0x64,
    0xEA, 0xC5, 0xAC, 0x83, 0x34, 0xD3, 0xEB, 0xC3, 0xC5, 0x81, 0xA0, 0xFF, 0xFA, 0x13, 0x63, 0xEB,
    0x17, 0x0D, 0xDD, 0x51, 0xB7, 0xF0, 0xDA, 0x49, 0xD3, 0x16, 0x55, 0x26, 0x29, 0xD4, 0x68, 0x9E,
    0x2B, 0x16, 0xBE, 0x58, 0x7D, 0x47, 0xA1, 0xFC, 0x8F, 0xF8, 0xB8, 0xD1, 0x7A, 0xD0, 0x31, 0xCE,
    0x45, 0xCB, 0x3A, 0x8F, 0x95, 0x16, 0x04, 0x28, 0xAF, 0xD7, 0xFB, 0xCA, 0xBB, 0x4B, 0x40, 0x7E,
  ]
}
