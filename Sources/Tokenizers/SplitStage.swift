/// One step of a pre-tokenizer: cuts a piece of text around what it finds, or into words.
enum SplitStage: Sendable {
  case gpt2
  case words(WordRule)
  /// DeepSeek V3's last stage.
  case deepSeek3
  /// ` ?[^(\s|.,!?…。，、।۔،)]+`, as BLOOM and its relatives have it.
  case bloom
  /// Runs of characters of a set.
  case runs(ScalarSet)
  /// Such runs with the one whitespace character before them: `\s?[...]+`.
  case spaced(ScalarSet)
  /// Runs of numbers, cut from the left into so many.
  case numbers(atMost: Int)
  /// Whole threes of ASCII digits, from the left; what is left over stays with its neighbours.
  case digitTriples
  /// ASCII digits cut so that threes stand at the right.
  case digitTriplesFromTheRight
  /// Each newline character alone.
  case newlines
  /// `[^\n]+|[\n]+`
  case lines
  /// The whitespace at the end.
  case trailingWhitespace

  func split(_ text: ScalarText, _ range: Range<Int>) -> [Range<Int>] {
    switch self {
    case .gpt2: text.gpt2Words(range)
    case .words(let rule): text.words(range, rule)
    case .deepSeek3: text.pieces(range) { text.deepSeek3Word($0, range) }
    case .bloom: text.pieces(range) { text.bloomWord($0, range) }
    case .runs(let set): text.isolating(range) { set.contains($0, of: text) }
    case .spaced(let set): text.pieces(range) { text.spacedRun($0, range, set) }
    case .numbers(let longest):
      text.isolating(range, atMost: longest) { text.classes[$0] == .number }
    case .digitTriples: text.pieces(range) { text.digitTriple($0, range) }
    case .digitTriplesFromTheRight: text.digitTriplesFromTheRight(range)
    case .newlines: text.isolating(range, atMost: 1) { text.isNewline($0) }
    case .lines: text.isolating(range) { text.scalars[$0] == UInt32(ascii: "\n") }
    case .trailingWhitespace: text.isolatingTrailingWhitespace(range)
    }
  }
}

extension ScalarText {
  /// Cuts `range` around runs of scalars that `belongs` accepts, each run at most so long.
  fileprivate func isolating(
    _ range: Range<Int>, atMost longest: Int = .max, _ belongs: (Int) -> Bool
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let isolated = belongs(start)
      var end = start + 1
      while end < range.upperBound, !isolated || end - start < longest, belongs(end) == isolated {
        end += 1
      }
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// Cuts `range` around what `match` finds, leftmost first; what lies between stays together.
  ///
  /// - Parameter match: the end of what begins at an index, or nil.
  fileprivate func pieces(_ range: Range<Int>, _ match: (Int) -> Int?) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      guard let end = match(index) else {
        index += 1
        continue
      }
      if start < index { pieces.append(start..<index) }
      pieces.append(index..<end)
      index = end
      start = end
    }
    if start < range.upperBound { pieces.append(start..<range.upperBound) }
    return pieces
  }

  fileprivate func spacedRun(_ start: Int, _ range: Range<Int>, _ set: ScalarSet) -> Int? {
    let body =
      classes[start] == .whitespace && start + 1 < range.upperBound ? start + 1 : start
    guard set.contains(body, of: self) else { return nil }
    var end = body + 1
    while end < range.upperBound, set.contains(end, of: self) { end += 1 }
    return end
  }

  fileprivate func digitTriple(_ start: Int, _ range: Range<Int>) -> Int? {
    let end = start + 3
    guard end <= range.upperBound, (start..<end).allSatisfy(isDigit) else { return nil }
    return end
  }

  fileprivate func digitTriplesFromTheRight(_ range: Range<Int>) -> [Range<Int>] {
    var cuts: [Int] = []
    var following = 0
    for index in range.reversed() {
      following = isDigit(index) ? following + 1 : 0
      if following > 0, following % 3 == 0, index > range.lowerBound { cuts.append(index) }
    }
    cuts.reverse()
    return zip([range.lowerBound] + cuts, cuts + [range.upperBound]).map { $0..<$1 }
  }

  private func isDigit(_ index: Int) -> Bool {
    (UInt32(ascii: "0")...UInt32(ascii: "9")).contains(scalars[index])
  }

  fileprivate func isolatingTrailingWhitespace(_ range: Range<Int>) -> [Range<Int>] {
    var end = range.upperBound
    while end > range.lowerBound, classes[end - 1] == .whitespace { end -= 1 }
    return [range.lowerBound..<end, end..<range.upperBound].filter { !$0.isEmpty }
  }

  fileprivate func bloomWord(_ start: Int, _ range: Range<Int>) -> Int? {
    func belongs(_ index: Int) -> Bool {
      guard classes[index] != .whitespace else { return false }
      switch Unicode.Scalar(scalars[index]) {
      case "(", "|", ".", ",", "!", "?", ")", "…", "。", "，", "、", "।", "۔", "،": return false
      default: return true
      }
    }
    let body = afterSpace(start, range)
    guard belongs(body) else { return nil }
    var end = body + 1
    while end < range.upperBound, belongs(end) { end += 1 }
    return end
  }

  /// The word at `start`, if one begins there.
  ///
  /// ``[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|``
  /// `` ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+``
  fileprivate func deepSeek3Word(_ start: Int, _ range: Range<Int>) -> Int? {
    let kind = classes[start]
    let next = start + 1
    if scalars[start] < 128, kind == .punctuation || kind == .symbol, next < range.upperBound,
      isSmall(next) || isCapital(next)
    {
      var end = next
      while end < range.upperBound, isSmall(end) || isCapital(end) { end += 1 }
      return end
    }
    if let end = markedWord(start, range) { return end }
    let body = afterSpace(start, range)
    if classes[body] == .punctuation || classes[body] == .symbol {
      var end = run(from: body, range) { $0 == .punctuation || $0 == .symbol }
      while end < range.upperBound, isNewline(end) { end += 1 }
      return end
    }
    guard kind == .whitespace else { return nil }
    return newlines(start, range) ?? blanks(start, range)
  }

  /// Letters and marks with one other character before: `[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`.
  private func markedWord(_ start: Int, _ range: Range<Int>) -> Int? {
    func belongs(_ kind: CharacterClass) -> Bool { kind == .letter || kind == .mark }
    switch classes[start] {
    case .letter: return run(from: start, range, belongs)
    case .punctuation, .symbol: return nil
    default:
      guard !isNewline(start) else { return nil }
      let end = run(from: start + 1, range, belongs)
      return end > start + 1 || classes[start] == .mark ? end : nil
    }
  }
}
