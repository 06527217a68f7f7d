import GGUF

/// The tokens with a role, and where they are added.
struct SpecialTokens: Sendable {
  /// What holds where the metadata does not say.
  struct Defaults {
    /// Vocabulary entries to take where no token is named.
    var begin: String?
    var end: String?
    var unknown: String?
    var separator: String?
    var addsBeginOfText: Bool
    var addsEndOfText = false
    /// Whether `addsBeginOfText` holds whatever the metadata says.
    var alwaysAddsBeginOfText = false
  }

  private(set) var beginOfText: Int32?
  private(set) var endOfText: Int32?
  private(set) var endOfTurn: Int32?
  private(set) var unknown: Int32?
  private(set) var separator: Int32?
  private(set) var endOfGeneration: Set<Int32> = []
  private(set) var addsBeginOfText: Bool
  private(set) var addsEndOfText: Bool
  let scanner: SpecialTokenScanner

  init(
    _ file: GGUFFile, _ vocabulary: Vocabulary, _ defaults: Defaults
  ) throws(GGUFError) {
    func id(_ role: String, _ name: String?) throws(GGUFError) -> Int32? {
      try Self.identifier(file, role, vocabulary) ?? name.flatMap { vocabulary.id(of: $0) }
    }
    beginOfText = try id("bos", defaults.begin)
    endOfText = try id("eos", defaults.end)
    unknown = try id("unknown", defaults.unknown)
    separator = try id("seperator", defaults.separator)  // the format's own spelling
    endOfTurn = try id("eot", nil)
    addsBeginOfText = try Self.flag(
      file, "bos", defaultValue: defaults.addsBeginOfText, beginOfText)
    if defaults.alwaysAddsBeginOfText { addsBeginOfText = beginOfText != nil }
    addsEndOfText = try Self.flag(file, "eos", defaultValue: defaults.addsEndOfText, endOfText)
    scanner = try SpecialTokenScanner(file, vocabulary)
    let named = { (name: String) in vocabulary.id(of: name) }
    endOfTurn = endOfTurn ?? TokenRoles.turnEnds.lazy.compactMap(named).first
    endOfGeneration = TokenRoles.ends(named)
    endOfGeneration.formUnion([endOfText, endOfTurn, try id("eom", nil)].compactMap(\.self))
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
    guard let flag = try file.optionalBool(key) else { return defaultValue && token != nil }
    guard !flag || token != nil else {
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.\(role)_token_id", found: "no such token",
        expected: "a token id, since \(key) is true")
    }
    return flag
  }
}
