/// XXH64 of bytes, seed 0 (Collet, "xxHash fast digest algorithm", specification 0.1.1).
///
/// A checksum against torn and damaged files, not against an attacker. Each step is a bijection of the
/// state for given input and of the input for a given state, so a change within one word of eight bytes
/// is always found, and any other with a chance of 1 - 2^-64. It reads several bytes a cycle without
/// tables or special instructions.
enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var at = 0
    var hash = prime5
    if bytes.count >= 32 {
      var a = prime1 &+ prime2
      var b = prime2
      var c: UInt64 = 0
      var d = 0 &- prime1
      let base = bytes.baseAddress!
      while at &+ 32 <= bytes.count {
        a = round(a, word(base + at))
        b = round(b, word(base + at + 8))
        c = round(c, word(base + at + 16))
        d = round(d, word(base + at + 24))
        at &+= 32
      }
      hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
      for lane in [a, b, c, d] { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
    }
    return avalanche(rest(bytes, from: at, hash &+ UInt64(bytes.count)))
  }

  /// The up to 31 bytes behind the last whole stripe.
  private static func rest(
    _ bytes: UnsafeRawBufferPointer, from start: Int, _ begin: UInt64
  ) -> UInt64 {
    var hash = begin
    var at = start
    while at + 8 <= bytes.count {
      hash = rotate(hash ^ round(0, word(bytes.baseAddress! + at)), 27) &* prime1 &+ prime4
      at += 8
    }
    if at + 4 <= bytes.count {
      let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      hash = rotate(hash ^ (UInt64(half) &* prime1), 23) &* prime2 &+ prime3
      at += 4
    }
    while at < bytes.count {
      hash = rotate(hash ^ (UInt64(bytes[at]) &* prime5), 11) &* prime1
      at += 1
    }
    return hash
  }

  private static func avalanche(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotate(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotate(_ x: UInt64, _ by: UInt64) -> UInt64 { x << by | x >> (64 - by) }

  @inline(__always)
  private static func word(_ address: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: address.loadUnaligned(as: UInt64.self))
  }
}
