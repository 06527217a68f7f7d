/// Hand-written matchers of the two regular expressions. `range` stands for the whole text: what
/// lies outside it is not looked at.
extension ScalarText {
  func gpt2Words(_ range: Range<Int>) -> [Range<Int>] {
    words(range) { start in
      if let end = contraction(start, range, foldingCase: false) { return end }
      let body = afterSpace(start, range)
      if classes[body] == .letter { return run(from: body, range) { $0 == .letter } }
      if classes[body] == .number { return run(from: body, range) { $0 == .number } }
      if classes[body].isSymbol { return run(from: body, range) { $0.isSymbol } }
      return blanks(start, range)
    }
  }

  func llama3Words(_ range: Range<Int>) -> [Range<Int>] {
    words(range) { start in
      if let end = contraction(start, range, foldingCase: true) { return end }
      if classes[start] == .letter { return run(from: start, range) { $0 == .letter } }
      if classes[start] == .number {
        let end = run(from: start, range) { $0 == .number }
        return min(end, start + 3)
      }
      if start + 1 < range.upperBound, classes[start + 1] == .letter, !isNewline(start) {
        return run(from: start + 1, range) { $0 == .letter }
      }
      let body = afterSpace(start, range)
      if classes[body].isSymbol {
        var end = run(from: body, range) { $0.isSymbol }
        while end < range.upperBound, isNewline(end) { end += 1 }
        return end
      }
      let end = run(from: start, range) { $0 == .whitespace }
      if let newline = (start..<end).last(where: isNewline) { return newline + 1 }
      return blanks(start, range)
    }
  }

  private func words(_ range: Range<Int>, _ end: (Int) -> Int) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let next = end(start)
      words.append(start..<next)
      start = next
    }
    return words
  }

  /// The end of `'s|'t|'re|'ve|'m|'ll|'d`, if it stands at `start`.
  private func contraction(_ start: Int, _ range: Range<Int>, foldingCase: Bool) -> Int? {
    guard scalars[start] == "'", start + 1 < range.upperBound else { return nil }
    func letter(_ index: Int) -> Unicode.Scalar? {
      guard index < range.upperBound else { return nil }
      let scalar = scalars[index]
      guard foldingCase else { return scalar }
      if ("A"..."Z").contains(scalar) { return Unicode.Scalar(scalar.value | 0x20) }
      return scalar
    }
    switch (letter(start + 1), letter(start + 2)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
    default: return nil
    }
  }

  /// The next index where a space stands at `start` and something follows.
  private func afterSpace(_ start: Int, _ range: Range<Int>) -> Int {
    scalars[start] == " " && start + 1 < range.upperBound ? start + 1 : start
  }

  private func run(
    from start: Int, _ range: Range<Int>, _ belongs: (ScalarClass) -> Bool
  ) -> Int {
    var end = start
    while end < range.upperBound, belongs(classes[end]) { end += 1 }
    return end
  }

  /// `\s+(?!\S)|\s+`: all the whitespace, without the last one if something follows.
  private func blanks(_ start: Int, _ range: Range<Int>) -> Int {
    let end = run(from: start, range) { $0 == .whitespace }
    return end < range.upperBound && end - start > 1 ? end - 1 : end
  }

  private func isNewline(_ index: Int) -> Bool {
    scalars[index] == "\n" || scalars[index] == "\r"
  }
}
