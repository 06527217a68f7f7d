/// A run of terminators with the quotes and brackets that close after it, and whether it ends a
/// sentence.
struct Stop {
  /// Just after the run and its closers.
  let end: Int
  let endsSentence: Bool

  init(
    first: Terminator, at start: Int, within range: Range<Int>, sentenceStart: Int,
    text: UTF8Scalars
  ) {
    var kind = first
    var index = start + text.scalar(at: start).length
    while index < range.upperBound {
      let next = text.scalar(at: index)
      guard let more = Terminator(next.value) else { break }
      kind = kind.joined(with: more)
      index += next.length
    }
    index = Self.skippingClosers(from: index, to: range.upperBound, text: text)
    end = index
    let follower = Follower(at: index, to: range.upperBound, text: text)
    endsSentence = Self.decide(
      kind, follower: follower, before: sentenceStart..<start, text: text)
  }

  private static func decide(
    _ kind: Terminator, follower: Follower, before: Range<Int>, text: UTF8Scalars
  ) -> Bool {
    if follower.kind == .nothing { return true }
    if kind == .full { return true }
    guard follower.hasSpace, follower.kind != .punctuation else { return false }
    switch kind {
    case .mark, .ellipsis: return follower.kind != .lowercase
    case .full: return true
    case .period:
      guard follower.kind != .lowercase else { return false }
      return Abbreviation.periodEndsSentence(before: before, follower: follower, text: text)
    }
  }

  /// Closing quotes, brackets and emphasis, and footnote marks such as `[12]`.
  private static func skippingClosers(from start: Int, to end: Int, text: UTF8Scalars) -> Int {
    var index = start
    while index < end {
      let next = text.scalar(at: index)
      if isCloser(next.value) {
        index += next.length
      } else if let note = footnoteEnd(at: index, to: end, bytes: text.bytes) {
        index = note
      } else {
        break
      }
    }
    return index
  }

  private static func isCloser(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\"", "'", ")", "]", "}", "*", "_", "`", "\u{201D}", "\u{2019}", "\u{BB}", "\u{203A}",
      "\u{300D}", "\u{300F}", "\u{FF09}", "\u{3011}", "\u{300B}", "\u{FF63}":
      true
    default: false
    }
  }

  private static func footnoteEnd(at index: Int, to end: Int, bytes: [UInt8]) -> Int? {
    guard bytes[index] == UInt8(ascii: "[") else { return nil }
    let inner = bytes[(index + 1)..<end].prefix(5)
    let digits = inner.drop { $0 == UInt8(ascii: "^") }.prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, digits.endIndex < end, bytes[digits.endIndex] == UInt8(ascii: "]") else {
      return nil
    }
    return digits.endIndex + 1
  }
}

/// What comes after a stop: the first character of the next word, and that word if it is short.
struct Follower {
  enum Kind { case nothing, uppercase, lowercase, digit, other, punctuation }

  let kind: Kind
  /// Whether white space lies between the stop and what follows.
  let hasSpace: Bool
  /// Whether a bracket or a quote opens before the word.
  let isOpened: Bool
  /// The word in lower case, cut off at `longestWord` bytes.
  let word: String

  static let longestWord = 16

  init(at start: Int, to end: Int, text: UTF8Scalars) {
    var index = text.skippingSpace(from: start, to: end)
    hasSpace = index > start
    let opening = index
    // Openers are few in prose; the bound keeps hostile runs of them from being read twice.
    while index < end, index - opening < 8 {
      let next = text.scalar(at: index)
      guard Self.isOpener(next.value) else { break }
      index += next.length
    }
    isOpened = index > opening
    guard index < end else {
      (kind, word) = (isOpened ? .other : .nothing, "")
      return
    }
    kind = Self.kind(of: text.scalar(at: index).value)
    let letters = text.bytes[index..<end].prefix(Self.longestWord).prefix { byte in
      byte >= 0x80 || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    // A single letter with a period is an initial ("J. A. Hobson") and not the article.
    let isInitial =
      letters.count == 1 && letters.endIndex < end
      && text.bytes[letters.endIndex] == UInt8(ascii: ".")
    word = isInitial ? "" : String(decoding: letters, as: UTF8.self).lowercased()
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    switch scalar {
    case ",", ";", ":", ")", "]", "}", "\u{2013}", "\u{2014}", "=", "/", ".", "\u{2026}":
      .punctuation
    case "0"..."9": .digit
    case _ where scalar.properties.isLowercase: .lowercase
    case _ where scalar.properties.isUppercase: .uppercase
    default: .other
    }
  }

  private static func isOpener(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\"", "'", "(", "[", "{", "*", "_", "`", "\u{201C}", "\u{2018}", "\u{AB}", "\u{2039}",
      "\u{201E}", "\u{BF}", "\u{A1}", "\u{300C}":
      true
    default: false
    }
  }
}

extension Terminator {
  /// The meaning of a run: any `!`, `?` or full stop wins over periods, two periods are an ellipsis.
  fileprivate func joined(with next: Terminator) -> Terminator {
    switch (self, next) {
    case (.full, _), (_, .full): .full
    case (.mark, _), (_, .mark): .mark
    default: .ellipsis
    }
  }
}
