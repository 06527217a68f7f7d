import GGUF

/// Cuts text into words before byte-level BPE, by the rule that `tokenizer.ggml.pre` names.
enum PreTokenizer: Sendable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|`
  /// `\s*[\r\n]+|\s+(?!\S)|\s+`
  case llama3
  /// Every digit alone, then as GPT-2.
  case smolLM
  /// Runs of punctuation, then as GPT-2, then numbers apart, in threes from the left: what
  /// llama.cpp does for files that name no rule.
  case standard

  init(_ file: GGUFFile) throws(GGUFError) {
    let key = "tokenizer.ggml.pre"
    switch try file.optionalString(key) {
    case "gpt-2": self = .gpt2
    case "llama-bpe", "llama3", "llama-v3": self = .llama3
    case "smollm": self = .smolLM
    case nil, "default": self = .standard
    case .some(let name):
      throw GGUFError(
        file: file.path, field: key, found: "\"\(name)\"",
        expected: "\"gpt-2\", \"llama-bpe\", \"smollm\" or \"default\"")
    }
  }

  /// Whether a word that is in the vocabulary is one token, whatever the merges say.
  var takesWholeWords: Bool { self == .llama3 }

  /// The words of `text` in order, as byte ranges without gaps.
  func words(in text: ScalarText) -> [Range<Int>] {
    let whole = 0..<text.scalars.count
    let words: [Range<Int>] =
      switch self {
      case .gpt2: text.gpt2Words(whole)
      case .llama3: text.llama3Words(whole)
      case .smolLM:
        text.isolating(whole, atMost: 1) { text.classes[$0] == .number }
          .flatMap(text.gpt2Words)
      case .standard: standardWords(text, whole)
      }
    return words.map { text.offsets[$0.lowerBound]..<text.offsets[$0.upperBound] }
  }

  private func standardWords(_ text: ScalarText, _ whole: Range<Int>) -> [Range<Int>] {
    let symbols: Set<Unicode.Scalar> = ["$", "+", "<", "=", ">", "^", "~", "|"]
    let pieces = text.isolating(whole) {
      text.classes[$0] == .punctuation || symbols.contains(text.scalars[$0])
    }
    return pieces.flatMap(text.gpt2Words)
      .flatMap { text.isolating($0) { text.classes[$0] == .number } }
      .flatMap { text.isolatingTriples($0) { ("0"..."9").contains(text.scalars[$0]) } }
  }
}

extension ScalarText {
  /// Cuts `range` around runs of scalars that `belongs` accepts, each run at most so long.
  func isolating(
    _ range: Range<Int>, atMost longest: Int = .max, _ belongs: (Int) -> Bool
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let isolated = belongs(start)
      var end = start + 1
      while end < range.upperBound, belongs(end) == isolated,
        !isolated || end - start < longest
      {
        end += 1
      }
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// Cuts whole threes out of each run, from the left; what is left over stays with its neighbours.
  fileprivate func isolatingTriples(
    _ range: Range<Int>, _ belongs: (Int) -> Bool
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    var position = start
    while position + 3 <= range.upperBound {
      guard (position..<(position + 3)).allSatisfy(belongs) else {
        position += 1
        continue
      }
      if start < position { pieces.append(start..<position) }
      pieces.append(position..<(position + 3))
      position += 3
      start = position
    }
    if start < range.upperBound { pieces.append(start..<range.upperBound) }
    return pieces
  }
}
