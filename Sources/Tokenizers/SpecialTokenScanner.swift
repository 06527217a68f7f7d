/// Finds special tokens written in text, leftmost first and the longest at each place.
struct SpecialTokenScanner: Sendable {
  enum Fragment: Equatable {
    case text(Range<Int>)
    case token(Int32)
  }

  private let vocabulary: Vocabulary
  /// The special tokens in the order of their bytes: all that share a beginning stand together.
  private let tokens: [Int32]
  /// Those that begin with byte `b` are `tokens[starts[b]..<starts[b + 1]]`.
  private let starts: [Int]
  /// A longer token could make the scan quadratic, and is none that anybody writes.
  private static let longest = 256

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    let ids = (Int32(0)..<Int32(vocabulary.count)).filter {
      vocabulary.kinds[Int($0)].isSpecial && (1...Self.longest).contains(vocabulary[$0].count)
    }
    let tokens = ids.sorted { vocabulary[$0].lexicographicallyPrecedes(vocabulary[$1]) }
    var starts = Array(repeating: 0, count: 257)
    for id in tokens { starts[Int(vocabulary[id].first ?? 0) + 1] += 1 }
    for byte in 0..<256 { starts[byte + 1] += starts[byte] }
    self.tokens = tokens
    self.starts = starts
  }

  /// Cuts `text` into special tokens and what lies between them.
  ///
  /// - Parameter parseControl: whether control tokens count, or user-defined ones alone.
  func fragments(of text: [UInt8], parseControl: Bool) -> [Fragment] {
    var fragments: [Fragment] = []
    var start = 0
    var position = 0
    while position < text.count {
      guard let token = match(text, at: position, parseControl) else {
        position += 1
        continue
      }
      if start < position { fragments.append(.text(start..<position)) }
      fragments.append(.token(token))
      position += vocabulary[token].count
      start = position
    }
    if start < text.count { fragments.append(.text(start..<text.count)) }
    return fragments
  }

  private func match(_ text: [UInt8], at start: Int, _ parseControl: Bool) -> Int32? {
    var range = starts[Int(text[start])]..<starts[Int(text[start]) + 1]
    var depth = 1
    var longest: Int32?
    while let first = tokens[range].first {
      // The shortest stands first: it is what has been matched, or there is none of that length.
      if vocabulary[first].count == depth {
        if parseControl || vocabulary.kinds[Int(first)] == .userDefined { longest = first }
        range = (range.lowerBound + 1)..<range.upperBound
      }
      guard start + depth < text.count else { break }
      range = narrow(range, depth, to: text[start + depth])
      depth += 1
    }
    return longest
  }

  /// The tokens of `range`, all longer than `depth`, whose byte there is `byte`.
  private func narrow(_ range: Range<Int>, _ depth: Int, to byte: UInt8) -> Range<Int> {
    let start = firstIndex(range) { $0 >= byte }
    let end = firstIndex(start..<range.upperBound) { $0 > byte }
    return start..<end

    func firstIndex(_ range: Range<Int>, _ reached: (UInt8) -> Bool) -> Int {
      var (low, high) = (range.lowerBound, range.upperBound)
      while low < high {
        let middle = (low + high) / 2
        let bytes = vocabulary[tokens[middle]]
        if reached(bytes[bytes.startIndex + depth]) { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
}
