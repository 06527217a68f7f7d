/// Cuts text into sentences, in one pass, without a model.
///
/// First Markdown's blocks are borders (`BlockParser`), then each paragraph, list item and heading
/// is cut at its terminators: a period ends a sentence unless it belongs to an abbreviation, an
/// initial, a number or an ellipsis that goes on in lower case. Rows and code blocks stay whole.
/// Ranges are byte offsets, ascending, disjoint, trimmed of white space and of Markdown's markers;
/// together they hold every letter and digit of the text except those of list numbers and fences.
/// Time is linear in the text: look-ahead and look-behind are bounded.
package enum SentenceSplitter {
  /// The sentences of a document given as UTF-8.
  package static func sentences(in text: [UInt8]) -> [Range<Int>] {
    let text = UTF8Scalars(text)
    return BlockParser.blocks(of: text).flatMap { sentences(of: $0, in: text) }
  }

  /// The sentences of a string, as offsets into its UTF-8.
  package static func sentences(in text: String) -> [Range<Int>] {
    sentences(in: Array(text.utf8))
  }

  static func sentences(of block: TextBlock, in text: UTF8Scalars) -> [Range<Int>] {
    switch block.kind {
    case .row, .code: [block.content]
    case .paragraph, .listItem, .heading: sentences(ofProse: block.content, in: text)
    }
  }

  private static func sentences(ofProse range: Range<Int>, in text: UTF8Scalars) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      let next = text.scalar(at: index)
      guard let first = Terminator(next.value) else {
        index += next.length
        continue
      }
      let stop = Stop(first: first, at: index, within: range, sentenceStart: start, text: text)
      index = stop.end
      guard stop.endsSentence else { continue }
      let sentence = text.trimmed(start..<stop.end)
      if !sentence.isEmpty { found.append(sentence) }
      start = stop.end
    }
    let rest = text.trimmed(start..<range.upperBound)
    if !rest.isEmpty { found.append(rest) }
    return found
  }
}

/// What a character that may end a sentence asks of its surroundings.
enum Terminator {
  /// `.` alone: abbreviations, initials and numbers use it too.
  case period
  /// `!` or `?`: ends unless lower case follows (a quoted question inside a sentence).
  case mark
  /// `…` or several periods: ends unless lower case follows.
  case ellipsis
  /// A terminator of a script that needs no space after it.
  case full

  init?(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x2E: self = .period
    case 0x21, 0x3F, 0x203C, 0x203D, 0x2047...0x2049: self = .mark
    case 0x2026: self = .ellipsis
    // CJK, Arabic, Urdu, Devanagari, Armenian, Ethiopic, Burmese, Khmer.
    case 0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0xFF61, 0x061F, 0x06D4, 0x0964, 0x0965, 0x0589, 0x1362,
      0x1367, 0x1368, 0x104A, 0x104B, 0x17D4, 0x17D5:
      self = .full
    default: return nil
    }
  }
}
