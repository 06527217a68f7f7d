/// How GPT-4 and its relatives cut text into words: where their regular expressions differ.
///
/// Matched by hand in time linear in the text, where a regular expression would backtrack.
/// The alternatives, in order, with GPT-4's spelling as the example:
/// contractions `(?i:'s|'t|'re|'ve|'m|'ll|'d)`, words `[^\r\n\p{L}\p{N}]?\p{L}+`, numbers
/// `\p{N}{1,3}`, symbols ` ?[^\s\p{L}\p{N}]+[\r\n]*`, then `\s*[\r\n]+|\s+(?!\S)|\s+`.
struct WordRule: Sendable {
  enum Contractions {
    case none
    /// A word of their own, in any case of letters.
    case apart
    /// The end of the word before, in any case of letters.
    case attached
  }

  enum Letters {
    /// `\p{L}+`
    case any
    /// `[\p{L}\p{M}]+`, with marks out of the symbols too.
    case withMarks
    /// ASCII capitals begin a word and never follow its small letters, as in `camelCase`; other
    /// letters pass for either.
    case cased
  }

  var contractions = Contractions.apart
  var letters = Letters.any
  /// The most digits in one word.
  var digits = 3
  /// Whether newlines, and whether slashes, are taken with the symbols before them.
  var newlinesFollowSymbols = true
  var slashesFollowSymbols = false
}

extension ScalarText {
  /// Appends the words of a part of the text by a rule; what lies outside is not looked at.
  func appendWords(_ range: Range<Int>, _ rule: WordRule, to words: inout [Range<Int>]) {
    append(range, to: &words) { start in
      if rule.contractions == .apart, let end = contraction(start, range, foldingCase: true) {
        return end
      }
      if let end = word(start, range, rule) { return end }
      if classes[start] == .number {
        return run(from: start, limited(range, start, rule.digits)) { $0 == .number }
      }
      if let end = symbols(start, range, rule) { return end }
      return newlines(start, range) ?? blanks(start, range)
    }
  }

  /// Appends the words of a part of the text by GPT-2's rule.
  ///
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  func appendGPT2Words(_ range: Range<Int>, to words: inout [Range<Int>]) {
    append(range, to: &words) { start in
      if let end = contraction(start, range, foldingCase: false) { return end }
      let body = afterSpace(start, range)
      switch classes[body] {
      case .letter: return run(from: body, range) { $0 == .letter }
      case .number: return run(from: body, range) { $0 == .number }
      case .whitespace: return blanks(start, range)
      default: return run(from: body, range) { $0.isOther }
      }
    }
  }

  private func append(
    _ range: Range<Int>, to words: inout [Range<Int>], _ end: (Int) -> Int
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let next = end(start)
      words.append(start..<next)
      start = next
    }
  }

  private func limited(_ range: Range<Int>, _ start: Int, _ count: Int) -> Range<Int> {
    range.upperBound - start <= count ? range : range.lowerBound..<(start + count)
  }

  /// The end of the letters at `start`, with one character of another kind before them.
  private func word(_ start: Int, _ range: Range<Int>, _ rule: WordRule) -> Int? {
    let marks = rule.letters == .withMarks
    func isLetter(_ kind: CharacterClass) -> Bool { kind == .letter || marks && kind == .mark }
    var body = start
    if classes[start] != .letter {
      guard classes[start] != .number, !isNewline(start) else { return nil }
      let next = start + 1
      if next < range.upperBound, isLetter(classes[next]) {
        body = next
      } else if !isLetter(classes[start]) {
        return nil
      }
    }
    let end =
      rule.letters == .cased ? casedWord(body, range) : run(from: body, range, isLetter)
    guard rule.contractions == .attached else { return end }
    return contraction(end, range, foldingCase: true) ?? end
  }

  /// `((?=\p{L})[^a-z])*((?=\p{L})[^A-Z])+|((?=\p{L})[^a-z])+((?=\p{L})[^A-Z])*` at a letter.
  private func casedWord(_ start: Int, _ range: Range<Int>) -> Int {
    var end = start
    var lastUncased: Int?
    while end < range.upperBound, classes[end] == .letter, !isSmall(end) {
      if scalars[end] >= 128 { lastUncased = end }
      end += 1
    }
    if end < range.upperBound, isSmall(end) {
      while end < range.upperBound, classes[end] == .letter, !isCapital(end) { end += 1 }
      return end
    }
    // No small letter follows: the last letter that is not a capital stands in for it.
    return lastUncased.map { $0 + 1 } ?? end
  }

  private func symbols(_ start: Int, _ range: Range<Int>, _ rule: WordRule) -> Int? {
    let marks = rule.letters != .withMarks
    func isSymbol(_ kind: CharacterClass) -> Bool { kind.isOther && (marks || kind != .mark) }
    let body = afterSpace(start, range)
    guard isSymbol(classes[body]) else { return nil }
    var end = run(from: body, range, isSymbol)
    while end < range.upperBound,
      rule.newlinesFollowSymbols && isNewline(end)
        || rule.slashesFollowSymbols && scalars[end] == UInt32(ascii: "/")
    {
      end += 1
    }
    return end
  }

  /// The end of `'s|'t|'re|'ve|'m|'ll|'d`, if it stands at `start`.
  private func contraction(_ start: Int, _ range: Range<Int>, foldingCase: Bool) -> Int? {
    guard start + 1 < range.upperBound, scalars[start] == UInt32(ascii: "'") else { return nil }
    func letter(_ index: Int) -> Unicode.Scalar? {
      guard index < range.upperBound else { return nil }
      let scalar = scalars[index]
      let isCapital = (UInt32(ascii: "A")...UInt32(ascii: "Z")).contains(scalar)
      return Unicode.Scalar(foldingCase && isCapital ? scalar | 0x20 : scalar)
    }
    switch (letter(start + 1), letter(start + 2)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
    default: return nil
    }
  }
}

extension ScalarText {
  func run(
    from start: Int, _ range: Range<Int>, _ belongs: (CharacterClass) -> Bool
  ) -> Int {
    var end = start
    while end < range.upperBound, belongs(classes[end]) { end += 1 }
    return end
  }

  /// The next index where a space stands at `start` and something follows.
  func afterSpace(_ start: Int, _ range: Range<Int>) -> Int {
    scalars[start] == UInt32(ascii: " ") && start + 1 < range.upperBound ? start + 1 : start
  }

  /// `\s*[\r\n]+`: whitespace up to the last newline in it.
  func newlines(_ start: Int, _ range: Range<Int>) -> Int? {
    var end: Int?
    var index = start
    while index < range.upperBound, classes[index] == .whitespace {
      if isNewline(index) { end = index + 1 }
      index += 1
    }
    return end
  }

  /// `\s+(?!\S)|\s+`: all the whitespace, without the last one if something follows.
  func blanks(_ start: Int, _ range: Range<Int>) -> Int {
    let end = run(from: start, range) { $0 == .whitespace }
    return end < range.upperBound && end - start > 1 ? end - 1 : end
  }

  func isNewline(_ index: Int) -> Bool {
    scalars[index] == UInt32(ascii: "\n") || scalars[index] == UInt32(ascii: "\r")
  }

  func isSmall(_ index: Int) -> Bool {
    (UInt32(ascii: "a")...UInt32(ascii: "z")).contains(scalars[index])
  }

  func isCapital(_ index: Int) -> Bool {
    (UInt32(ascii: "A")...UInt32(ascii: "Z")).contains(scalars[index])
  }
}

extension UInt32 {
  init(ascii scalar: Unicode.Scalar) { self = scalar.value }
}
