import GGUF

/// The tokens with a role, and where they are added.
struct SpecialTokens: Sendable {
  private(set) var beginOfText: Int32?
  private(set) var endOfText: Int32?
  private(set) var endOfTurn: Int32?
  private(set) var unknown: Int32?
  private(set) var separator: Int32?
  private(set) var endOfGeneration: Set<Int32> = []
  private(set) var addsBeginOfText: Bool
  private(set) var addsEndOfText: Bool
  let scanner: SpecialTokenScanner

  /// Names that end a turn; the first that the vocabulary has wins.
  private static let turnEnds = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>",
  ]
  /// Further names that end generation.
  private static let generationEnds = turnEnds + ["<|eom_id|>", "</s>"]

  /// - Parameters:
  ///   - names: vocabulary entries to take where the metadata names no token.
  ///   - addsBeginOfText: what holds where the metadata does not say.
  init(
    _ file: GGUFFile, _ vocabulary: Vocabulary, begin: String? = nil, end: String? = nil,
    unknown unknownName: String? = nil, separator separatorName: String? = nil,
    addsBeginOfText: Bool
  ) throws(GGUFError) {
    func id(_ role: String, _ name: String?) throws(GGUFError) -> Int32? {
      try Self.identifier(file, role, vocabulary) ?? name.flatMap { vocabulary.id(of: $0) }
    }
    beginOfText = try id("bos", begin)
    endOfText = try id("eos", end)
    unknown = try id("unknown", unknownName)
    separator = try id("seperator", separatorName)  // the format's own spelling
    endOfTurn = try id("eot", nil)
    self.addsBeginOfText = try Self.flag(
      file, "bos", defaultValue: addsBeginOfText && beginOfText != nil, beginOfText)
    addsEndOfText = try Self.flag(file, "eos", defaultValue: false, endOfText)
    scanner = SpecialTokenScanner(vocabulary)
    let named = { (name: String) -> Int32? in
      vocabulary.id(of: name).flatMap { vocabulary.kinds[Int($0)].isSpecial ? $0 : nil }
    }
    endOfTurn = endOfTurn ?? Self.turnEnds.lazy.compactMap(named).first
    endOfGeneration = Set(Self.generationEnds.compactMap(named))
    endOfGeneration.formUnion([endOfText, endOfTurn].compactMap(\.self))
  }

  private static func identifier(
    _ file: GGUFFile, _ role: String, _ vocabulary: Vocabulary
  ) throws(GGUFError) -> Int32? {
    let key = "tokenizer.ggml.\(role)_token_id"
    guard let number = try file.optionalInt(key), number != -1, number != UInt32.max else {
      return nil
    }
    guard (0..<vocabulary.count).contains(number) else {
      throw GGUFError(
        file: file.path, field: key, found: "\(number)",
        expected: "a token id below \(vocabulary.count)")
    }
    return Int32(number)
  }

  private static func flag(
    _ file: GGUFFile, _ role: String, defaultValue: Bool, _ token: Int32?
  ) throws(GGUFError) -> Bool {
    let key = "tokenizer.ggml.add_\(role)_token"
    guard let flag = try file.optionalBool(key) else { return defaultValue }
    guard !flag || token != nil else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.\(role)_token_id", found: "no such token",
        expected: "a token id, since \(key) is true")
    }
    return flag
  }
}
