import Foundation

/// The first character of canonical decompositions (NFD): letters without their accents.
enum CanonicalBase {
  /// Where characters with a decomposition are, hangul apart; known by a search of all of Unicode.
  static let ranges: [ClosedRange<UInt32>] = [
    0xC0...0x30FF, 0xF900...0xFAFF, 0xFB1D...0xFB4E, 0x11000...0x11FFF, 0x1D100...0x1D1FF,
    0x2F800...0x2FA1F,
  ]

  /// Those that differ from the character itself, made at first use in about 10 ms.
  private static let bases: [UInt32: UInt32] = {
    var bases: [UInt32: UInt32] = [:]
    for scalar in ranges.joined().compactMap(Unicode.Scalar.init) where scalar.properties.isKnown {
      let base = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.first
      if let base, base != scalar { bases[scalar.value] = base.value }
    }
    return bases
  }()

  static func of(_ value: UInt32) -> UInt32 {
    switch value {
    // A hangul syllable: 588 share a first letter (Unicode, section 3.12).
    case 0xAC00...0xD7A3: 0x1100 + (value - 0xAC00) / 588
    case 0x3100..<0xF900, 0xFB4F..<0x11000: value
    default: bases[value] ?? value
    }
  }
}
