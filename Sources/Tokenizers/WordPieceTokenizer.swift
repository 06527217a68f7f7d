import GGUF

/// BERT's WordPiece: words are normalised, then cut greedily into the longest known pieces.
///
/// GGUF vocabularies write the start of a word as `▁` and its continuation plain, where BERT's own
/// files have a plain start and `##`.
final class WordPieceTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix = true
  private let normalizer: WordNormalizer
  private let pieces: PrefixTree
  private let unknown: Int32

  var appended: Int32? { special.separator }

  init(_ file: GGUFFile) throws(GGUFError) {
    let vocabulary = try Vocabulary(file)
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary,
      .init(
        begin: "[CLS]", unknown: "[UNK]", separator: "[SEP]", addsBeginOfText: true,
        alwaysAddsBeginOfText: true))
    guard let unknown = special.unknown else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.unknown_token_id", found: "no such token",
        expected: "a token for words that the vocabulary cannot spell")
    }
    self.unknown = unknown
    let lowercase = try file.optionalBool("tokenizer.ggml.normalizer.lowercase") ?? true
    normalizer = WordNormalizer(
      lowercases: lowercase,
      stripsAccents: try file.optionalBool("tokenizer.ggml.normalizer.strip_accents") ?? lowercase)
    pieces = PrefixTree(vocabulary, Array(vocabulary.ids))
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    normalizer.forEachWord(in: text) { word in
      let first = tokens.count
      if !appendPieces(of: word, to: &tokens) {
        tokens.removeSubrange(first...)
        tokens.append(unknown)
      }
    }
  }

  /// Appends the pieces of a word, which begins with the mark, and says whether they cover it.
  private func appendPieces(of word: [UInt8], to tokens: inout [Int32]) -> Bool {
    var start = 0
    while start < word.count {
      guard let token = pieces.longest(word[...], at: start) else { return false }
      tokens.append(token)
      start += vocabulary[token].count
    }
    return true
  }

  func plainBytes(of token: Int32) -> [UInt8] { vocabulary[token].unescapingSpaces() }
}
