/// What the pre-tokenizers' regular expressions distinguish: `\p{L}`, `\p{N}`, `\s`, and the rest,
/// of which `\p{P}`.
enum ScalarClass: UInt8 {
  case letter, number, whitespace, punctuation, other

  init(_ scalar: Unicode.Scalar) {
    if scalar.value < 128 {
      self = Self.ascii[Int(scalar.value)]
    } else {
      self = Self.classify(scalar)
    }
  }

  /// Neither whitespace nor letter nor number: `[^\s\p{L}\p{N}]`.
  var isSymbol: Bool { self == .punctuation || self == .other }

  private static let ascii: [ScalarClass] = (UInt8(0)..<128).map { classify(Unicode.Scalar($0)) }

  /// By Unicode 16, so that the tokens of a text are the same with every later version of Swift.
  private static func classify(_ scalar: Unicode.Scalar) -> ScalarClass {
    if scalar.properties.isWhitespace { return .whitespace }
    guard let age = scalar.properties.age, age.major <= 16 else { return .other }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber:
      return .number
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return .punctuation
    default:
      return .other
    }
  }
}

/// A text as scalars, each with its class and its place among the bytes.
struct ScalarText {
  private(set) var scalars: [Unicode.Scalar] = []
  private(set) var classes: [ScalarClass] = []
  /// Byte offsets, in the slice's own indices: scalar `i` begins at `offsets[i]`; one more at the
  /// end.
  private(set) var offsets: [Int] = []

  init(_ bytes: ArraySlice<UInt8>) {
    scalars.reserveCapacity(bytes.count)
    var offset = bytes.startIndex
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      scalars.append(scalar)
      classes.append(ScalarClass(scalar))
      offsets.append(offset)
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
  }
}
