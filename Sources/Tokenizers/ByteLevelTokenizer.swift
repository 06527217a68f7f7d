import GGUF

/// Byte-level BPE as in GPT-2 and Llama 3: words are cut by a pre-tokenizer, then their bytes are
/// joined in the order of the merge list.
///
/// A byte that the vocabulary lacks is left out, as in llama.cpp; real vocabularies have all 256.
struct ByteLevelTokenizer: VocabularyTokenizer {
  let vocabulary: Vocabulary
  let special: SpecialTokens
  let addsSpacePrefix = false
  private let preTokenizer: PreTokenizer
  private let merges: MergeTable
  /// The token of each single byte, -1 where the vocabulary lacks it.
  private let byteTokens: [Int32]

  init(_ file: GGUFFile) throws(GGUFError) {
    preTokenizer = try PreTokenizer(file)
    let vocabulary = try Vocabulary(file)
    self.vocabulary = vocabulary
    special = try SpecialTokens(
      file, vocabulary, addsBeginOfText: preTokenizer == .llama3)
    merges = try MergeTable(file, vocabulary)
    byteTokens = ByteAlphabet.spelling.map { vocabulary.id(of: $0.span) ?? -1 }
  }

  func encode(_ text: ArraySlice<UInt8>, startsText: Bool, to tokens: inout [Int32]) {
    var list = MergeList()
    for word in preTokenizer.words(in: ScalarText(text)) {
      if preTokenizer.takesWholeWords, let token = wholeWord(text[word]) {
        tokens.append(token)
        continue
      }
      list.removeAll()
      for index in word {
        let token = byteTokens[Int(text[index])]
        list.append(.init(start: index, end: index + 1, token: token))
      }
      list.mergeAll { merges[$0.token, $1.token] }
      list.forEach { if $0.token >= 0 { tokens.append($0.token) } }
    }
  }

  private func wholeWord(_ word: ArraySlice<UInt8>) -> Int32? {
    guard word.count <= vocabulary.longestToken else { return nil }
    let spelled = word.flatMap { ByteAlphabet.spelling[Int($0)] }
    guard let token = vocabulary.id(of: spelled.span),
      vocabulary.kinds[Int(token)] == .normal
    else { return nil }
    return token
  }

  func plainBytes(of token: Int32) -> [UInt8] { ByteAlphabet.decode(vocabulary[token]) }
}

/// Which two tokens join to which, and how early: `tokenizer.ggml.merges` by token id.
private struct MergeTable: Sendable {
  private var merges: [UInt64: MergeList.Merge] = [:]

  subscript(left: Int32, right: Int32) -> MergeList.Merge? { merges[Self.key(left, right)] }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  init(_ file: GGUFFile, _ vocabulary: Vocabulary) throws(GGUFError) {
    let field = "tokenizer.ggml.merges"
    var rank: UInt32 = 0
    var merges: [UInt64: MergeList.Merge] = [:]
    try file.forEachString(field) { (bytes) throws(GGUFError) in
      let line = Array(bytes)
      guard let merge = Self.parse(line, vocabulary) else {
        throw GGUFError(
          file: file.path, field: "\(field)[\(rank)]",
          found: "\"\(String(decoding: line.prefix(80), as: UTF8.self))\"",
          expected: "two tokens and a space between them, whose sum is a token")
      }
      let key = Self.key(merge.left, merge.right)
      if merges[key] == nil { merges[key] = .init(priority: rank, token: merge.joined) }
      rank += 1
    }
    self.merges = merges
  }

  private static func parse(
    _ line: [UInt8], _ vocabulary: Vocabulary
  ) -> (left: Int32, right: Int32, joined: Int32)? {
    guard let space = line.dropFirst().firstIndex(of: UInt8(ascii: " ")) else { return nil }
    let joined = Array(line[..<space] + line[(space + 1)...])
    guard let left = vocabulary.id(of: line.span.extracting(0..<space)),
      let right = vocabulary.id(of: line.span.extracting((space + 1)..<line.count)),
      let token = vocabulary.id(of: joined.span)
    else { return nil }
    return (left, right, token)
  }
}
