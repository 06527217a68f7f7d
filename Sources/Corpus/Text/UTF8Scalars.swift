/// A bounds-checked view of bytes as UTF-8 scalars that never fails.
///
/// A malformed byte reads as U+FFFD of length 1, so that every function over documents is total and
/// byte offsets stay those of the document.
struct UTF8Scalars {
  let bytes: [UInt8]

  static let replacement: Unicode.Scalar = "\u{FFFD}"

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The scalar that starts at `index`, and its length in bytes.
  func scalar(at index: Int) -> (value: Unicode.Scalar, length: Int) {
    let first = bytes[index]
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard (0xC2...0xF4).contains(first), index + length <= bytes.count else {
      return (Self.replacement, 1)
    }
    var value = UInt32(first) & (0xFF >> UInt32(length + 1))
    for offset in 1..<length {
      let byte = bytes[index + offset]
      guard byte & 0xC0 == 0x80 else { return (Self.replacement, 1) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= (length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80),
      let scalar = Unicode.Scalar(value)
    else { return (Self.replacement, 1) }
    return (scalar, length)
  }

  /// The scalar that ends just before `index`, not reading before `lowerBound`.
  func scalar(before index: Int, notBefore lowerBound: Int) -> (
    value: Unicode.Scalar, length: Int
  ) {
    var start = index - 1
    while start > lowerBound, index - start < 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    let found = scalar(at: start)
    return start + found.length == index ? found : (Self.replacement, 1)
  }

  /// Whether a scalar of well-formed text may begin at `index`.
  func isBoundary(_ index: Int) -> Bool {
    index >= bytes.count || bytes[index] & 0xC0 != 0x80
  }

  /// `range` without the white space at both of its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    let start = skippingSpace(from: range.lowerBound, to: range.upperBound)
    var end = range.upperBound
    while end > start {
      let last = scalar(before: end, notBefore: start)
      guard last.value.isSpace else { break }
      end -= last.length
    }
    return start..<end
  }

  /// The first index from `start` that is not white space, or `end`.
  func skippingSpace(from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
      let next = scalar(at: index)
      guard next.value.isSpace else { break }
      index += next.length
    }
    return min(index, end)
  }
}

extension Unicode.Scalar {
  /// White space, including what Unicode calls separators and the byte-order mark.
  var isSpace: Bool {
    switch value {
    case 0x20, 0x09...0x0D: true
    case 0...0x7F: false
    case 0x85, 0xA0, 0x1680, 0x2000...0x200B, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: true
    default: false
    }
  }

  /// A letter or number of any script.
  var isWordCharacter: Bool {
    switch value {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return true
    case 0...0x7F: return false
    default: break
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
      return true
    default: return false
    }
  }

  /// A character of a script that is written without spaces, where each one counts as a word.
  package var isIdeograph: Bool {
    switch value {
    case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3134F: true
    default: false
    }
  }
}
