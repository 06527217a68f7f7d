import GGUF

/// SentencePiece BPE: characters are joined to the vocabulary entry with the highest score.
///
/// Characters outside the vocabulary become their bytes, `<0x00>`...`<0xFF>`, or the unknown token
/// where the vocabulary has no bytes. What the file calls control and byte entries never comes from
/// merging, as in SentencePiece itself, so that text cannot spell them.
final class SentencePieceTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix: Bool
  /// The merge priority of each token: lower for higher scores.
  private let priorities: [UInt32]
  private let byteTokens: [Int32]
  private let boundaries: WordBoundaries

  init(_ file: GGUFFile) throws(GGUFError) {
    let vocabulary = try Vocabulary(file)
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary,
      .init(begin: "<s>", end: "</s>", unknown: "<unk>", addsBeginOfText: true))
    addsSpacePrefix = try file.optionalBool("tokenizer.ggml.add_space_prefix") ?? true
    priorities = try vocabulary.scores(file).map(Self.priority)
    byteTokens = vocabulary.byteTokens()
    boundaries = WordBoundaries(vocabulary)
  }

  /// Turns the order of scores around, as an integer: the highest score has the lowest number.
  private static func priority(_ score: Float) -> UInt32 {
    let bits = (score + 0).bitPattern  // -0 becomes 0
    let ascending = bits >> 31 == 1 ? ~bits : bits | 1 << 31
    return ~ascending
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    let escaped = (addsSpacePrefix && startsText ? spaceMark : [])[...] + text.escapingSpaces()
    var list = MergeList()
    var memory = WordMemory(bytes: escaped.count)
    var start = 0
    while start < escaped.count {
      let end = boundaries.wordEnd(escaped, from: start)
      if !memory.recall(start..<end, of: escaped, to: &tokens) {
        let first = tokens.count
        encode(word: escaped[start..<end], &list, to: &tokens)
        memory.remember(start..<end, of: escaped, at: first..<tokens.count)
      }
      start = end
    }
  }

  private func encode(
    word: ArraySlice<UInt8>, _ list: inout MergeList, to tokens: inout [Int32]
  ) {
    list.removeAll()
    var start = word.startIndex
    while start < word.endIndex {
      let end = start + word.scalar(at: start).length
      list.append(.init(start: start, end: end, token: mergeable(word[start..<end].span) ?? -1))
      start = end
    }
    list.mergeAll { left, right in
      guard right.end - left.start <= vocabulary.longestToken,
        let id = mergeable(word[left.start..<right.end].span)
      else { return nil }
      return .init(priority: priorities[Int(id)], token: id)
    }
    for symbol in list.symbols {
      if symbol.token >= 0 {
        tokens.append(symbol.token)
      } else {
        appendBytes(word[symbol.start..<symbol.end], to: &tokens)
      }
    }
  }

  private func mergeable(_ bytes: Span<UInt8>) -> Int32? {
    guard let id = vocabulary.id(of: bytes) else { return nil }
    switch vocabulary.fileKinds[Int(id)] {
    case .control, .unknown, .byte: return nil
    default: return id
    }
  }

  private func appendBytes(_ bytes: ArraySlice<UInt8>, to tokens: inout [Int32]) {
    if bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
      for byte in bytes { tokens.append(byteTokens[Int(byte)]) }
    } else if let unknown = special.unknown {
      tokens.append(unknown)
    }
  }

  func plainBytes(of token: Int32) -> [UInt8] {
    let text = vocabulary[token]
    guard vocabulary.kinds[Int(token)] == .byte else { return text.unescapingSpaces() }
    return text.byteEscape.map { [$0] } ?? []
  }
}
