import GGUF

/// A vocabulary as a GGUF file keeps it: one text, type and, where merging needs it, score per id.
struct ImportedVocabulary {
  /// Values of `tokenizer.ggml.token_type` (llama.h, `llama_token_type`).
  enum Kind: Int32 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// A token that a folder adds to its model's own, by id.
  struct Addition {
    let id: Int
    let text: String
    let isSpecial: Bool
  }

  private(set) var tokens: [String]
  private(set) var kinds: [Kind]
  private(set) var scores: [Float]
  private let rows: Int

  /// - Parameter rows: the rows of the embedding; ids that nothing names become unused fillers.
  init(rows: Int) {
    self.rows = rows
    tokens = (0..<rows).map { "[PAD\($0)]" }
    kinds = Array(repeating: .unused, count: rows)
    scores = Array(repeating: -10_000, count: rows)
  }

  /// Sets one token of the model's own; false if its id has no row.
  mutating func set(_ id: Int, _ text: String, _ kind: Kind, score: Float = 0) -> Bool {
    guard tokens.indices.contains(id) else { return false }
    tokens[id] = text
    kinds[id] = kind
    scores[id] = score
    return true
  }

  /// Sets tokens that the folder adds or gives another role; those without a row are left out.
  ///
  /// As llama.cpp's conversion does, tokens that look special are, and spaces of others are plain.
  mutating func add(_ additions: [Addition]) {
    for addition in additions where tokens.indices.contains(addition.id) {
      let isControl = addition.isSpecial || Self.looksSpecial(addition.text)
      tokens[addition.id] = isControl ? addition.text : Self.withPlainSpaces(addition.text)
      kinds[addition.id] = isControl ? .control : .userDefined
      scores[addition.id] = -1000
    }
  }

  /// The id of a token, compared scalar by scalar.
  func id(of text: String) -> Int? {
    tokens.firstIndex { $0.utf8.elementsEqual(text.utf8) }
  }

  private static func looksSpecial(_ text: String) -> Bool {
    ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains(text)
      || text.hasPrefix("<|") && text.hasSuffix("|>")
      || text.hasPrefix("<\u{FF5C}") && text.hasSuffix("\u{FF5C}>")
      || text.hasPrefix("<unused") && text.hasSuffix(">")
  }

  private static func withPlainSpaces(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{2581}" ? " " : $0 }))
  }
}
