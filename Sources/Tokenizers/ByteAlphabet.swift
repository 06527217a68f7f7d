/// GPT-2's way to write any byte as a printable character, in which BPE vocabularies are spelled.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes, in order, for U+0100 on.
enum ByteAlphabet {
  /// The UTF-8 of the character for each byte.
  static let spelling: [[UInt8]] = (UInt8.min...UInt8.max).map { byte in
    Array(String(scalar(for: byte)).utf8)
  }

  private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: (UInt8.min...UInt8.max).map { (scalar(for: $0), $0) })

  private static func isPrintable(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
  }

  private static func scalar(for byte: UInt8) -> Unicode.Scalar {
    guard !isPrintable(byte) else { return Unicode.Scalar(byte) }
    let before = (0..<byte).count { !isPrintable($0) }
    return Unicode.Scalar(UInt16(0x100 + before)) ?? "?"
  }

  /// The bytes that a vocabulary entry spells; characters outside the alphabet keep their UTF-8.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      if let byte = bytes[scalar] {
        result.append(byte)
      } else {
        result.append(contentsOf: String(scalar).utf8)
      }
    }
    return result
  }
}
