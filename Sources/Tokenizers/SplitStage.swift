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

  /// Appends what the stage makes of one piece: pieces in order, without gaps.
  func split(_ text: ScalarText, _ range: Range<Int>, into pieces: inout [Range<Int>]) {
    switch self {
    case .gpt2: text.appendGPT2Words(range, to: &pieces)
    case .words(let rule): text.appendWords(range, rule, to: &pieces)
    case .deepSeek3: text.append(range, to: &pieces) { text.deepSeek3Word($0, range) }
    case .bloom: text.append(range, to: &pieces) { text.bloomWord($0, range) }
    case .runs(let set): text.isolate(range, to: &pieces) { text.isMember($0, of: set) }
    case .spaced(let set): text.append(range, to: &pieces) { text.spacedRun($0, range, set) }
    case .numbers(let longest):
      text.isolate(range, atMost: longest, to: &pieces) { text.classes[$0] == .number }
    case .digitTriples: text.append(range, to: &pieces) { text.digitTriple($0, range) }
    case .digitTriplesFromTheRight: text.appendDigitTriplesFromTheRight(range, to: &pieces)
    case .newlines: text.isolate(range, atMost: 1, to: &pieces) { text.isNewline($0) }
    case .lines: text.isolate(range, to: &pieces) { text.scalars[$0] == UInt32(ascii: "\n") }
    case .trailingWhitespace: text.isolateTrailingWhitespace(range, to: &pieces)
    }
  }
}

extension ScalarText {
  /// Cuts `range` around runs of scalars that `belongs` accepts, each run at most so long.
  fileprivate func isolate(
    _ range: Range<Int>, atMost longest: Int = .max, to pieces: inout [Range<Int>],
    _ belongs: (Int) -> Bool
  ) {
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
  }

  /// Cuts `range` around what `match` finds, leftmost first; what lies between stays together.
  ///
  /// - Parameter match: the end of what begins at an index, or nil.
  fileprivate func append(
    _ range: Range<Int>, to pieces: inout [Range<Int>], _ match: (Int) -> Int?
  ) {
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
  }

  fileprivate func isMember(_ index: Int, of set: ScalarSet) -> Bool {
    set.contains(scalars[index], classes[index])
  }

  fileprivate func spacedRun(_ start: Int, _ range: Range<Int>, _ set: ScalarSet) -> Int? {
    let body =
      classes[start] == .whitespace && start + 1 < range.upperBound ? start + 1 : start
    guard isMember(body, of: set) else { return nil }
    var end = body + 1
    while end < range.upperBound, isMember(end, of: set) { end += 1 }
    return end
  }

  fileprivate func digitTriple(_ start: Int, _ range: Range<Int>) -> Int? {
    let end = start + 3
    guard end <= range.upperBound, (start..<end).allSatisfy(isDigit) else { return nil }
    return end
  }

  fileprivate func appendDigitTriplesFromTheRight(
    _ range: Range<Int>, to pieces: inout [Range<Int>]
  ) {
    var cuts: [Int] = []
    var following = 0
    for index in range.reversed() {
      following = isDigit(index) ? following + 1 : 0
      if following > 0, following % 3 == 0, index > range.lowerBound { cuts.append(index) }
    }
    cuts.reverse()
    pieces += zip([range.lowerBound] + cuts, cuts + [range.upperBound]).lazy.map { $0..<$1 }
  }

  private func isDigit(_ index: Int) -> Bool {
    (UInt32(ascii: "0")...UInt32(ascii: "9")).contains(scalars[index])
  }

  fileprivate func isolateTrailingWhitespace(
    _ range: Range<Int>, to pieces: inout [Range<Int>]
  ) {
    var end = range.upperBound
    while end > range.lowerBound, classes[end - 1] == .whitespace { end -= 1 }
    if range.lowerBound < end { pieces.append(range.lowerBound..<end) }
    if end < range.upperBound { pieces.append(end..<range.upperBound) }
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
