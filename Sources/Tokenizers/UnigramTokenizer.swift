import GGUF

/// SentencePiece's unigram model (T5, XLM-R and its rerankers): of all ways to cut a text into
/// tokens, the one whose scores have the highest sum.
///
/// Sums are in double precision, in the order of the text, so that ties fall as in SentencePiece and
/// llama.cpp.
final class UnigramTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix: Bool
  private let mergesSpaces: Bool
  private let map: CharacterMap?
  private let scores: [Float]
  private let tokens: PrefixTree
  private let userDefined: PrefixTree
  private let unknown: Int32
  private let unknownScore: Float
  /// What an unknown character costs on top of the least likely token.
  private static let unknownPenalty: Float = 10

  init(_ file: GGUFFile) throws(GGUFError) {
    let vocabulary = try Vocabulary(file)
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary,
      .init(
        begin: "<s>", end: "</s>", unknown: "<unk>", addsBeginOfText: false, addsEndOfText: true))
    guard let unknown = special.unknown else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.unknown_token_id", found: "no such token",
        expected: "a token for characters that the vocabulary lacks")
    }
    self.unknown = unknown
    addsSpacePrefix = try file.optionalBool("tokenizer.ggml.add_space_prefix") ?? false
    mergesSpaces = try file.optionalBool("tokenizer.ggml.remove_extra_whitespaces") ?? false
    map = try CharacterMap(file)
    scores = try vocabulary.scores(file)
    let kinds = vocabulary.fileKinds
    tokens = PrefixTree(
      vocabulary,
      vocabulary.ids.filter { [.normal, .userDefined, .unused].contains(kinds[Int($0)]) })
    userDefined = PrefixTree(vocabulary, vocabulary.ids.filter { kinds[Int($0)] == .userDefined })
    let least = zip(scores, kinds).lazy.filter { $1 == .normal }.map(\.0).min()
    unknownScore = (least ?? .greatestFiniteMagnitude) - Self.unknownPenalty
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to output: inout [Int32]) {
    let text = normalized(text)
    guard !text.isEmpty else { return }
    var pieces = Array(
      repeating: Piece(token: unknown, start: 0, score: -.greatestFiniteMagnitude),
      count: text.count + 1)
    pieces[0].score = 0
    var start = 0
    while start < text.count {
      let length = text.characterLength(at: start)
      let known = extend(&pieces, text, from: start, length)
      if !known {
        pieces[start + length].offer(
          unknown, from: start, pieces[start].score + Double(unknownScore))
      }
      start += length
    }
    appendBest(pieces, to: &output)
  }

  /// The best way to cut a text up to a place: its last token, and where that begins.
  private struct Piece {
    var token: Int32
    var start: Int
    var score: Double

    mutating func offer(_ token: Int32, from start: Int, _ score: Double) {
      if score > self.score { self = Piece(token: token, start: start, score: score) }
    }
  }

  /// Offers every token that stands at `start` to the place where it ends.
  ///
  /// - Returns: whether one of them is the whole character there.
  private func extend(
    _ pieces: inout [Piece], _ text: [UInt8], from start: Int, _ characterLength: Int
  ) -> Bool {
    let score = pieces[start].score
    var known = false
    var node = PrefixTree.root
    for index in start..<text.count {
      guard let next = tokens.child(node, text[index]) else { break }
      node = next
      guard let token = tokens.token(node) else { continue }
      if index + 1 - start == characterLength { known = true }
      let isUserDefined = vocabulary.kinds[Int(token)] == .userDefined
      pieces[index + 1].offer(
        token, from: start, score + (isUserDefined ? 0 : Double(scores[Int(token)])))
    }
    return known
  }

  /// Follows the best pieces back from the end; neighbouring unknown ones become one token.
  private func appendBest(_ pieces: [Piece], to output: inout [Int32]) {
    let first = output.count
    var piece = pieces[pieces.count - 1]
    output.append(piece.token)
    while piece.start > 0 {
      let wasUnknown = piece.token == unknown
      piece = pieces[piece.start]
      if !wasUnknown || piece.token != unknown { output.append(piece.token) }
    }
    output[first...].reverse()
  }

  /// The text with the map applied, spaces marked, and where the file says so a space before it and
  /// runs of spaces as one.
  private func normalized(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 2)
    var hasPrefix = false
    var isInWord = false
    var start = text.startIndex
    while start < text.endIndex {
      let (length, replacement) = normalizedPrefix(text, start)
      for byte in replacement {
        guard byte != UInt8(ascii: " ") else {
          isInWord = false
          if !mergesSpaces { result.append(contentsOf: spaceMark) }
          continue
        }
        if !isInWord, addsSpacePrefix && !hasPrefix || mergesSpaces {
          result.append(contentsOf: spaceMark)
          hasPrefix = true
        }
        isInWord = true
        result.append(byte)
      }
      start += length
    }
    return result
  }

  private func normalizedPrefix(
    _ text: ArraySlice<UInt8>, _ start: Int
  ) -> (length: Int, replacement: ArraySlice<UInt8>) {
    // The beginning of a user-defined token stays as it is, also where the rest of it is missing.
    let kept = userDefined.depth(text, at: start)
    if kept > 0 { return (kept, text[start..<(start + kept)]) }
    if let match = map?.match(text, at: start) { return match }
    let (scalar, length) = text.scalar(at: start)
    let isDamaged = scalar == 0xFFFD && length == 1
    return (length, isDamaged ? replacementCharacter[...] : text[start..<(start + length)])
  }

  func plainBytes(of token: Int32) -> [UInt8] {
    let text = vocabulary[token]
    guard vocabulary.kinds[Int(token)] == .byte else { return text.unescapingSpaces() }
    return text.byteEscape.map { [$0] } ?? []
  }
}

private let replacementCharacter = Array("\u{FFFD}".utf8)

extension [UInt8] {
  /// The length of the UTF-8 character that begins at `index`, within the array.
  ///
  /// A character map may cut characters apart.
  fileprivate func characterLength(at index: Int) -> Int {
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
