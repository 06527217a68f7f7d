import GGUF

/// SentencePiece BPE: characters are joined to the vocabulary entry with the highest score.
///
/// Characters outside the vocabulary become their bytes, `<0x00>`...`<0xFF>`, or the unknown token
/// where the vocabulary has no bytes. Control and byte entries never come from merging, as in
/// SentencePiece itself, so that text cannot spell them.
struct SentencePieceTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix: Bool
  /// The merge priority of each token: lower for higher scores.
  private let priorities: [UInt32]
  private let byteTokens: [Int32?]

  init(_ file: GGUFFile) throws(GGUFError) {
    let vocabulary = try Vocabulary(file)
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary, begin: "<s>", end: "</s>", unknown: "<unk>", addsBeginOfText: true)
    addsSpacePrefix = try file.optionalBool("tokenizer.ggml.add_space_prefix") ?? true
    let scores = try file.floats("tokenizer.ggml.scores")
    guard scores.count == vocabulary.count else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.scores", found: "\(scores.count) scores",
        expected: "\(vocabulary.count), one for each token")
    }
    priorities = scores.map(Self.priority)
    byteTokens = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return vocabulary.id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>")
    }
  }

  /// Turns the order of scores around, as an integer: the highest score has the lowest number.
  private static func priority(_ score: Float) -> UInt32 {
    let bits = (score + 0).bitPattern  // -0 becomes 0
    let ascending = bits >> 31 == 1 ? ~bits : bits | 1 << 31
    return ~ascending
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    let escaped = escape(text, addsSpace: addsSpacePrefix && startsText)
    var list = MergeList()
    var start = 0
    while start < escaped.count {
      let end = start + escaped.characterLength(at: start)
      let id = mergeable(escaped.span.extracting(start..<end))
      list.append(.init(start: start, end: end, token: id ?? -1))
      start = end
    }
    list.mergeAll { left, right in
      guard right.end - left.start <= vocabulary.longestToken,
        let id = mergeable(escaped.span.extracting(left.start..<right.end))
      else { return nil }
      return .init(priority: priorities[Int(id)], token: id)
    }
    list.forEach { symbol in
      if symbol.token >= 0 {
        tokens.append(symbol.token)
      } else {
        appendBytes(escaped[symbol.start..<symbol.end], to: &tokens)
      }
    }
  }

  private func escape(_ text: ArraySlice<UInt8>, addsSpace: Bool) -> [UInt8] {
    var escaped: [UInt8] = addsSpace ? spaceMark : []
    escaped.reserveCapacity(text.count + text.count / 2)
    for byte in text {
      if byte == UInt8(ascii: " ") {
        escaped.append(contentsOf: spaceMark)
      } else {
        escaped.append(byte)
      }
    }
    return escaped
  }

  private func mergeable(_ bytes: Span<UInt8>) -> Int32? {
    guard let id = vocabulary.id(of: bytes) else { return nil }
    switch vocabulary.kinds[Int(id)] {
    case .control, .unknown, .byte: return nil
    default: return id
    }
  }

  private func appendBytes(_ bytes: ArraySlice<UInt8>, to tokens: inout [Int32]) {
    let fallback = bytes.compactMap { byteTokens[Int($0)] }
    if fallback.count == bytes.count {
      tokens.append(contentsOf: fallback)
    } else if let unknown = special.unknown {
      tokens.append(unknown)
    }
  }

  func plainBytes(of token: Int32) -> [UInt8] {
    let text = vocabulary[token]
    guard vocabulary.kinds[Int(token)] == .byte else { return text.unescapingSpaces() }
    return byteTokens.firstIndex(of: token).map { [UInt8($0)] } ?? []
  }
}

extension [UInt8] {
  /// The length of the UTF-8 character that begins at `index`, within the array.
  func characterLength(at index: Int) -> Int {
    let length =
      switch self[index] {
      case 0xC0..<0xE0: 2
      case 0xE0..<0xF0: 3
      case 0xF0...: 4
      default: 1
      }
    return Swift.min(length, count - index)
  }
}
