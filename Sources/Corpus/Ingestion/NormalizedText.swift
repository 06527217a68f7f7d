import Foundation

/// Text reduced to its words, so that copies that differ in case, punctuation, spacing, Unicode
/// form or invisible characters are equal.
///
/// Words are runs of letters and digits in lower case after NFKC; a character of a script without
/// spaces is a word of its own.
package struct NormalizedText: Equatable, Sendable {
  /// The words with one space between them, in UTF-8.
  package let bytes: [UInt8]

  package init(_ text: String) {
    var writer = Writer()
    if text.utf8.allSatisfy({ $0 < 0x80 }) {
      for byte in text.utf8 { writer.append(ascii: byte) }
    } else {
      // Lower case first: capital letters with dots decompose into what NFKC composes again.
      let form = text.lowercased().precomposedStringWithCompatibilityMapping
      for scalar in form.unicodeScalars { writer.append(scalar) }
    }
    bytes = writer.bytes
  }

  package var words: [ArraySlice<UInt8>] { bytes.split(separator: 0x20) }

  /// Equal for texts with the same words in the same order.
  package var digest: Digest { Digest(sha256: bytes) }
}

private struct Writer {
  private(set) var bytes: [UInt8] = []
  private var isBetweenWords = false

  mutating func append(ascii byte: UInt8) {
    switch byte {
    case 0x30...0x39, 0x61...0x7A: appendWordByte(byte)
    case 0x41...0x5A: appendWordByte(byte + 0x20)
    default: isBetweenWords = true
    }
  }

  mutating func append(_ scalar: Unicode.Scalar) {
    if scalar.isASCII {
      append(ascii: UInt8(truncatingIfNeeded: scalar.value))
    } else if scalar.isIdeograph {
      isBetweenWords = true
      for byte in String(scalar).utf8 { appendWordByte(byte) }
      isBetweenWords = true
    } else if scalar.isWordCharacter {
      for byte in String(scalar).utf8 { appendWordByte(byte) }
    } else if !scalar.properties.isDefaultIgnorableCodePoint {
      isBetweenWords = true
    }
  }

  private mutating func appendWordByte(_ byte: UInt8) {
    if isBetweenWords, !bytes.isEmpty { bytes.append(0x20) }
    isBetweenWords = false
    bytes.append(byte)
  }
}
