import GGUF

/// Byte-pair encoding: words are cut by a pre-tokenizer, then joined in the order of the merge list.
///
/// Words are spelled in one of two ways. GPT-2 and most others take bytes; a byte that the
/// vocabulary lacks is left out, as in llama.cpp. Gemma 4 takes characters, with `▁` for a space,
/// and writes those outside the vocabulary as their bytes, `<0x00>`...`<0xFF>`.
final class BytePairTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix = false
  private let preTokenizer: PreTokenizer
  private let merges: MergeTable
  /// The token of each single byte, -1 where the vocabulary lacks it.
  private let byteTokens: [Int32]
  /// Where words spelled in characters can be cut, nil for those in bytes.
  private let boundaries: WordBoundaries?

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
    boundaries = preTokenizer.isSentencePiece ? WordBoundaries(vocabulary) : nil
    byteTokens =
      preTokenizer.isSentencePiece
      ? vocabulary.byteTokens()
      : ByteAlphabet.spelling.map { vocabulary.id(of: $0.span) ?? -1 }
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    if let boundaries {
      encodeCharacters(text.escapingSpaces()[...], boundaries, to: &tokens)
      return
    }
    var scratch = Scratch()
    var memory = WordMemory(bytes: text.count)
    for word in preTokenizer.words(in: ScalarText(text)) {
      if memory.recall(word, of: text, to: &tokens) { continue }
      let first = tokens.count
      encodeBytes(text[word], &scratch, to: &tokens)
      memory.remember(word, of: text, at: first..<tokens.count)
    }
  }

  /// Memory that the words of a text share.
  private struct Scratch {
    var list = MergeList()
    var spelled: [UInt8] = []
  }

  private func encodeBytes(
    _ word: ArraySlice<UInt8>, _ scratch: inout Scratch, to tokens: inout [Int32]
  ) {
    if preTokenizer.takesWholeWords, let token = wholeWord(word, &scratch.spelled) {
      tokens.append(token)
      return
    }
    scratch.list.removeAll()
    for index in word.indices {
      scratch.list.append(.init(start: index, end: index + 1, token: byteTokens[Int(word[index])]))
    }
    scratch.list.mergeAll { merges[$0.token, $1.token] }
    for symbol in scratch.list.symbols where symbol.token >= 0 { tokens.append(symbol.token) }
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
    _ text: ArraySlice<UInt8>, _ boundaries: WordBoundaries, to tokens: inout [Int32]
  ) {
    var scratch = Scratch()
    var memory = WordMemory(bytes: text.count)
    for line in preTokenizer.words(in: ScalarText(text)) {
      var start = line.lowerBound
      while start < line.upperBound {
        let end = boundaries.wordEnd(text[line], from: start)
        if !memory.recall(start..<end, of: text, to: &tokens) {
          let first = tokens.count
          encode(characters: text[start..<end], &scratch, to: &tokens)
          memory.remember(start..<end, of: text, at: first..<tokens.count)
        }
        start = end
      }
    }
  }

  private func encode(
    characters word: ArraySlice<UInt8>, _ scratch: inout Scratch, to tokens: inout [Int32]
  ) {
    if word.first == UInt8(ascii: "\n"), let token = vocabulary.id(of: word.span) {
      tokens.append(token)
      return
    }
    scratch.list.removeAll()
    var start = word.startIndex
    while start < word.endIndex {
      let end = start + word.scalar(at: start).length
      let token = vocabulary.id(of: word[start..<end].span) ?? -1
      scratch.list.append(.init(start: start, end: end, token: token))
      start = end
    }
    scratch.list.mergeAll { merges[$0.token, $1.token] }
    for symbol in scratch.list.symbols {
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
    let text = vocabulary[token]
    guard boundaries != nil else { return ByteAlphabet.decode(text) }
    guard vocabulary.kinds[Int(token)] == .byte else { return text.unescapingSpaces() }
    return text.byteEscape.map { [$0] } ?? []
  }
}
