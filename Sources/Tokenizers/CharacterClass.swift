/// What tokenizers distinguish of a character: its general category's group, whitespace apart.
///
/// By Unicode 15.1, the version of llama.cpp's tables, whatever version the Swift library has: a
/// character that is newer counts as unassigned. Checked over all code points: of those assigned in
/// 15.1, Swift's Unicode 17 has changed neither category, whitespace, lower case nor decomposition.
enum CharacterClass: UInt8 {
  /// `\p{L}`, `\p{N}`, `\s`, `\p{M}`, `\p{P}`, `\p{S}`.
  case letter, number, whitespace, mark, punctuation, symbol
  /// Control, format and private-use characters: `\p{C}` without what is unassigned.
  case control
  case unassigned

  /// Neither whitespace nor letter nor number: `[^\s\p{L}\p{N}]`.
  var isOther: Bool {
    switch self {
    case .letter, .number, .whitespace: false
    default: true
    }
  }

  /// The class of each of the first 2^16 code points, made at first use in about 2 ms.
  static let table: [CharacterClass] = (0..<UInt32(0x10000)).map { value in
    switch value {
    case 0x3400..<0x4DC0, 0x4E00..<0xA000, 0xAC00...0xD7A3: .letter
    case 0xE000..<0xF900: .control
    default: Unicode.Scalar(value).map(classify) ?? .unassigned
    }
  }

  /// The class of any scalar; slower for what `table` does not hold.
  static func of(_ value: UInt32) -> CharacterClass {
    if value < table.count { return table[Int(value)] }
    return Unicode.Scalar(value).map(classify) ?? .unassigned
  }

  private static func classify(_ scalar: Unicode.Scalar) -> CharacterClass {
    let properties = scalar.properties
    if properties.isWhitespace { return .whitespace }
    guard properties.isKnown else { return .unassigned }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    case .nonspacingMark, .spacingMark, .enclosingMark: return .mark
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return .punctuation
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: return .symbol
    case .unassigned: return .unassigned
    default: return .control
    }
  }
}

extension Unicode.Scalar.Properties {
  /// Whether Unicode 15.1 has the character.
  var isKnown: Bool {
    guard let age else { return generalCategory != .unassigned }
    return (age.major, age.minor) <= (15, 1)
  }
}
