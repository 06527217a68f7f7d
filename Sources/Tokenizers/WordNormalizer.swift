/// Cuts text into words as BERT does: cleaned, accents stripped, in lower case, with punctuation
/// and Chinese characters each a word of its own.
///
/// As llama.cpp does it, which keeps of a canonical decomposition the first character alone, and
/// strips spacing marks as it does accents. BERT's own code keeps more: the later letters of a
/// hangul syllable, and the spacing marks of Indic scripts.
struct WordNormalizer: Sendable {
  let lowercases: Bool
  let stripsAccents: Bool

  /// Calls `body` with the UTF-8 of each word, a space mark before it.
  func forEachWord(in text: ArraySlice<UInt8>, _ body: ([UInt8]) -> Void) {
    var word = spaceMark
    func finish() {
      guard word.count > spaceMark.count else { return }
      body(word)
      word.removeSubrange(spaceMark.count...)
    }
    let classes = CharacterClass.table
    var index = text.startIndex
    while index < text.endIndex {
      let (scalar, length) = text.scalar(at: index)
      index += length
      let letter = stripsAccents && scalar >= 128 ? CanonicalBase.of(scalar) : scalar
      let kind = letter < classes.count ? classes[Int(letter)] : CharacterClass.of(letter)
      if kind == .whitespace {
        finish()
        continue
      }
      if kind == .control || letter == 0xFFFD || stripsAccents && kind == .mark { continue }
      let standsAlone =
        kind == .punctuation || letter < 127 && kind == .symbol || isChinese(letter)
      if standsAlone { finish() }
      word.appendUTF8(lowercases ? lowercased(letter) : letter)
      if standsAlone { finish() }
    }
    finish()
  }

  /// The simple lower case by Unicode 15.1.
  private func lowercased(_ letter: UInt32) -> UInt32 {
    if letter < 128 {
      return (UInt32(ascii: "A")...UInt32(ascii: "Z")).contains(letter) ? letter | 0x20 : letter
    }
    guard let properties = Unicode.Scalar(letter)?.properties, properties.changesWhenLowercased,
      properties.isKnown
    else { return letter }
    return properties.lowercaseMapping.unicodeScalars.first?.value ?? letter
  }

  /// The CJK ideograph blocks that BERT names; kana and hangul are not among them.
  ///
  /// The sixth begins at 2B920, not 2B820, in the implementation that models are trained with.
  private func isChinese(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

extension [UInt8] {
  /// Appends the UTF-8 of a scalar.
  mutating func appendUTF8(_ value: UInt32) {
    if value < 0x80 {
      append(UInt8(value))
    } else if let scalar = Unicode.Scalar(value) {
      append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }
}
