import Foundation

/// Cuts text into words as BERT does: cleaned, accents stripped, in lower case, with punctuation
/// and Chinese characters each a word of its own.
struct WordNormalizer: Sendable {
  let lowercases: Bool
  let stripsAccents: Bool

  /// A normalised word in UTF-8.
  struct Word: Equatable {
    var bytes: [UInt8] = []
    var scalarCount = 0

    mutating func append(_ scalar: Unicode.Scalar) {
      scalarCount += 1
      if scalar.isASCII {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  func words(in text: String) -> [Word] {
    var words: [Word] = []
    var word = Word()
    func finish() {
      guard word.scalarCount > 0 else { return }
      words.append(word)
      word = Word()
    }
    func add(_ scalar: Unicode.Scalar, alone: Bool) {
      if alone { finish() }
      word.append(scalar)
      if alone { finish() }
    }
    var decomposition = Decomposition()
    for scalar in text.unicodeScalars where !isRemoved(scalar) {
      if scalar.properties.isWhitespace {
        finish()
      } else if scalar.isASCII {
        add(lowercases ? lowercased(scalar) : scalar, alone: isPunctuation(scalar))
      } else {
        let standsAlone = isChinese(scalar)
        if standsAlone { finish() }
        for part in normalized(scalar, &decomposition) {
          add(part, alone: isPunctuation(part))
        }
        if standsAlone { finish() }
      }
    }
    finish()
    return words
  }

  private func lowercased(_ ascii: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(ascii) ? Unicode.Scalar(UInt8(ascii.value | 0x20)) : ascii
  }

  private func normalized(
    _ scalar: Unicode.Scalar, _ decomposition: inout Decomposition
  ) -> [Unicode.Scalar] {
    var parts = [scalar]
    if stripsAccents {
      parts = decomposition.of(scalar).filter { category($0) != .nonspacingMark }
    }
    guard lowercases else { return parts }
    return parts.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
  }

  /// Control, format, private-use and replacement characters, but not tab and newlines.
  private func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": return false
    case "\u{0}", "\u{FFFD}": return true
    case " "..."~": return false
    default:
      switch category(scalar) {
      case .control, .format, .privateUse, .surrogate: return true
      default: return false
      }
    }
  }

  /// The category in Unicode 8, the version of the implementation that models are trained with.
  ///
  /// Pinned, so that the tokens of a text are the same with every later version of Swift.
  private func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    switch scalar {
    // Those that have changed since:
    case "\u{166D}", "\u{111C9}": return .otherPunctuation
    case "\u{1734}", "\u{1171E}": return .nonspacingMark
    case "\u{1885}", "\u{1886}", "\u{A9BD}": return .otherLetter
    default:
      guard let age = scalar.properties.age, age.major <= 8, age.major < 8 || age.minor == 0 else {
        return .unassigned
      }
      return scalar.properties.generalCategory
    }
  }

  /// Unicode punctuation, and every ASCII symbol.
  private func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    case 0..<128: false
    default: isPunctuation(category(scalar))
    }
  }

  private func isPunctuation(_ category: Unicode.GeneralCategory) -> Bool {
    switch category {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      true
    default: false
    }
  }

  /// The CJK ideograph blocks that BERT names; kana and hangul are not among them.
  ///
  /// The sixth begins at 2B920, not 2B820, in the implementation that models are trained with.
  private func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

/// Canonical decompositions (NFD) of single characters, remembered within one text.
private struct Decomposition {
  private var known: [Unicode.Scalar: [Unicode.Scalar]] = [:]

  mutating func of(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if let parts = known[scalar] { return parts }
    let text = String(scalar).decomposedStringWithCanonicalMapping
    let parts = Array(text.unicodeScalars)
    known[scalar] = parts
    return parts
  }
}
