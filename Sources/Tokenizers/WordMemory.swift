/// Words of a text whose tokens are known from earlier in the same text.
///
/// Remembers where words stood and where their tokens are, one word for each value of a short hash;
/// a later word takes the place of an earlier one. Costs 512 bytes to 256 KB while a text is encoded.
struct WordMemory {
  private struct Entry {
    var word: Range<Int> = 0..<0
    var tokens: Range<Int> = 0..<0
  }

  private var entries: [Entry]
  /// Longer words seldom come twice.
  private static let longest = 48

  /// - Parameter bytes: the length of the text.
  init(bytes: Int) {
    var count = 16
    while count < 8192, count < bytes / 8 { count *= 2 }
    entries = Array(repeating: Entry(), count: count)
  }

  /// Appends the tokens that a word had before, and says whether it had any.
  ///
  /// - Parameter tokens: what the tokens of this text so far are at the end of.
  func recall(_ word: Range<Int>, of text: ArraySlice<UInt8>, to tokens: inout [Int32]) -> Bool {
    guard word.count <= Self.longest else { return false }
    let known = entries[slot(word, text)]
    guard known.word.count == word.count, matches(known.word, word, text) else { return false }
    for index in known.tokens { tokens.append(tokens[index]) }
    return true
  }

  /// Remembers that the tokens of a word stand at `range`.
  mutating func remember(_ word: Range<Int>, of text: ArraySlice<UInt8>, at range: Range<Int>) {
    guard word.count <= Self.longest else { return }
    entries[slot(word, text)] = Entry(word: word, tokens: range)
  }

  private func slot(_ word: Range<Int>, _ text: ArraySlice<UInt8>) -> Int {
    var hash: UInt64 = 0
    for index in word { hash = (hash ^ UInt64(text[index])) &* 0x9E37_79B9_7F4A_7C15 }
    return Int(truncatingIfNeeded: hash >> 40) & (entries.count - 1)
  }

  private func matches(_ left: Range<Int>, _ right: Range<Int>, _ text: ArraySlice<UInt8>) -> Bool {
    for offset in 0..<left.count
    where text[left.lowerBound + offset] != text[right.lowerBound + offset] {
      return false
    }
    return true
  }
}
