import GGUF

/// Byte-pair encoding: words are cut by a pre-tokenizer, then joined in the order of the merge list.
///
/// Words are spelled in one of two ways. GPT-2 and most others take bytes; a byte that the
/// vocabulary lacks is left out, as in llama.cpp. Gemma 4 takes characters, with `▁` for a space,
/// and writes those outside the vocabulary as their bytes, `<0x00>`...`<0xFF>`.
struct BytePairTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix = false
  private let preTokenizer: PreTokenizer
  private let merges: MergeTable
  /// The token of each single byte, -1 where the vocabulary lacks it.
  private let byteTokens: [Int32]

  init(_ file: GGUFFile, model: String) throws(GGUFError) {
    let preTokenizer = try PreTokenizer(file, model: model)
    let vocabulary = try Vocabulary(file)
    self.preTokenizer = preTokenizer
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary,
      .init(
        addsBeginOfText: preTokenizer.addsBeginOfText,
        alwaysAddsBeginOfText: preTokenizer.isSentencePiece))
    merges = try MergeTable(file, vocabulary)
    byteTokens =
      preTokenizer.isSentencePiece
      ? vocabulary.byteTokens()
      : ByteAlphabet.spelling.map { vocabulary.id(of: $0.span) ?? -1 }
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    let text = preTokenizer.isSentencePiece ? text.escapingSpaces()[...] : text
    var list = MergeList()
    var spelled: [UInt8] = []
    for word in preTokenizer.words(in: ScalarText(text)) {
      if preTokenizer.isSentencePiece {
        encodeCharacters(text[word], &list, to: &tokens)
        continue
      }
      if preTokenizer.takesWholeWords, let token = wholeWord(text[word], &spelled) {
        tokens.append(token)
        continue
      }
      list.removeAll()
      for index in word {
        list.append(.init(start: index, end: index + 1, token: byteTokens[Int(text[index])]))
      }
      list.mergeAll { merges[$0.token, $1.token] }
      list.forEach { if $0.token >= 0 { tokens.append($0.token) } }
    }
  }

  /// The token that is spelled like the word, unless text must not spell it.
  private func wholeWord(_ word: ArraySlice<UInt8>, _ spelled: inout [UInt8]) -> Int32? {
    guard word.count <= vocabulary.longestToken else { return nil }
    spelled.removeAll(keepingCapacity: true)
    for byte in word { spelled.append(contentsOf: ByteAlphabet.spelling[Int(byte)]) }
    guard let token = vocabulary.id(of: spelled.span) else { return nil }
    switch vocabulary.kinds[Int(token)] {
    case .control, .unknown: return nil
    default: return token
    }
  }

  private func encodeCharacters(
    _ word: ArraySlice<UInt8>, _ list: inout MergeList, to tokens: inout [Int32]
  ) {
    if word.first == UInt8(ascii: "\n"),
      let token = vocabulary.id(of: word.span)
    {
      tokens.append(token)
      return
    }
    list.removeAll()
    var start = word.startIndex
    while start < word.endIndex {
      let end = start + word.scalar(at: start).length
      let token = vocabulary.id(of: word[start..<end].span) ?? -1
      list.append(.init(start: start, end: end, token: token))
      start = end
    }
    list.mergeAll { merges[$0.token, $1.token] }
    list.forEach { symbol in
      if symbol.token >= 0 {
        tokens.append(symbol.token)
      } else {
        for byte in word[symbol.start..<symbol.end] where byteTokens[Int(byte)] >= 0 {
          tokens.append(byteTokens[Int(byte)])
        }
      }
    }
  }

  func plainBytes(of token: Int32) -> [UInt8] {
    guard preTokenizer.isSentencePiece else { return ByteAlphabet.decode(vocabulary[token]) }
    let text = vocabulary[token]
    guard vocabulary.kinds[Int(token)] == .byte else { return text.unescapingSpaces() }
    return text.byteEscape.map { [$0] } ?? []
  }
}
