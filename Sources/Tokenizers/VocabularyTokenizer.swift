/// What the kinds of tokenizer share: special tokens around and within the text.
///
/// They are classes: a closure over a struct of so many arrays would copy it for each word.
protocol VocabularyTokenizer: AnyObject, Tokenizer {
  var vocabulary: Vocabulary { get }
  var special: SpecialTokens { get }
  /// The token that `addSpecial` puts after the text.
  var appended: Int32? { get }
  /// Whether decoded text begins with a space that encoding put there.
  var addsSpacePrefix: Bool { get }

  /// Appends the tokens of text without special tokens in it.
  ///
  /// - Parameter startsText: nothing, or a special token, comes before.
  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32])

  /// The bytes of a token that is neither control nor unknown nor user-defined.
  func plainBytes(of token: Int32) -> [UInt8]
}

extension VocabularyTokenizer {
  var vocabularySize: Int { vocabulary.count }
  var beginOfText: Int32? { special.beginOfText }
  var endOfText: Int32? { special.endOfText }
  var endOfTurn: Int32? { special.endOfTurn }
  var addsBeginOfText: Bool { special.addsBeginOfText }
  var appended: Int32? { special.addsEndOfText ? special.endOfText : nil }

  func token(named name: String) -> Int32? { vocabulary.id(of: name) }
  func isEndOfGeneration(_ token: Int32) -> Bool { special.endOfGeneration.contains(token) }

  func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Int32] {
    var tokens: [Int32] = []
    if addSpecial, special.addsBeginOfText, let begin = special.beginOfText {
      tokens.append(begin)
    }
    let bytes = Array(text.utf8)
    var startsText = true
    for fragment in special.scanner.fragments(of: bytes, parseControl: parseSpecial) {
      switch fragment {
      case .text(let range):
        encode(bytes[range], startsText: startsText, to: &tokens)
        startsText = false
      case .token(let token):
        tokens.append(token)
        startsText = true
      }
    }
    if addSpecial, let appended { tokens.append(appended) }
    return tokens
  }

  func bytes(of token: Int32) -> [UInt8] {
    guard vocabulary.contains(token) else { return [] }
    switch vocabulary.kinds[Int(token)] {
    case .control, .unknown, .unused, .undefined: return []
    case .userDefined: return Array(vocabulary[token])
    case .normal, .byte: return plainBytes(of: token)
    }
  }

  func decode(_ tokens: [Int32]) -> String {
    var bytes = tokens.flatMap { self.bytes(of: $0) }
    if addsSpacePrefix, bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
