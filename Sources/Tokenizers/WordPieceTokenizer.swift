import GGUF

/// BERT's WordPiece: words are normalised, then cut greedily into the longest known pieces.
///
/// GGUF vocabularies write the start of a word as `▁` and its continuation plain, where BERT's own
/// files have a plain start and `##`.
struct WordPieceTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix = true
  private let normalizer: WordNormalizer
  /// BERT gives up on longer words.
  private static let mostScalars = 100

  var appended: Int32? { special.separator }

  init(_ file: GGUFFile) throws(GGUFError) {
    vocabulary = try Vocabulary(file)
    special = try SpecialTokens(
      file, vocabulary, begin: "[CLS]", unknown: "[UNK]", separator: "[SEP]",
      addsBeginOfText: true)
    guard special.unknown != nil else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.unknown_token_id", found: "no such token",
        expected: "a token for words that the vocabulary cannot spell")
    }
    let lowercase = try file.optionalBool("tokenizer.ggml.normalizer.lowercase") ?? true
    normalizer = WordNormalizer(
      lowercases: lowercase,
      stripsAccents: try file.optionalBool("tokenizer.ggml.normalizer.strip_accents") ?? lowercase)
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    for word in normalizer.words(in: String(decoding: text, as: UTF8.self)) {
      let start = tokens.count
      if word.scalarCount > Self.mostScalars || !appendPieces(of: word.bytes, to: &tokens) {
        tokens.removeSubrange(start...)
        if let unknown = special.unknown { tokens.append(unknown) }
      }
    }
  }

  /// Appends the pieces of a word and says whether they cover it.
  private func appendPieces(of word: [UInt8], to tokens: inout [Int32]) -> Bool {
    let bytes = spaceMark + word
    var start = 0
    while start < bytes.count {
      guard let (id, end) = longestPiece(bytes, start) else { return false }
      tokens.append(id)
      start = end
    }
    return true
  }

  private func longestPiece(_ bytes: [UInt8], _ start: Int) -> (id: Int32, end: Int)? {
    // A mark within a word is a character of the text and starts no word.
    if start > 0, bytes[start...].starts(with: spaceMark) { return nil }
    var end = min(bytes.count, start + vocabulary.longestToken)
    while end > start {
      if let id = vocabulary.id(of: bytes.span.extracting(start..<end)), end > spaceMark.count,
        vocabulary.kinds[Int(id)] == .normal
      {
        return (id, end)
      }
      end -= 1
    }
    return nil
  }

  func plainBytes(of token: Int32) -> [UInt8] { vocabulary[token].unescapingSpaces() }
}
