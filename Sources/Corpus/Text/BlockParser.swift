/// Cuts a document into blocks, line by line, in one pass.
///
/// It knows as much Markdown as decides where a sentence cannot continue: ATX and setext headings,
/// list items, block quotes, tables, code fences, YAML front matter, rules and blank lines
/// (CommonMark 0.31 names them; where CommonMark needs a container stack this stays flat). Lines
/// of punctuation alone (rules, table delimiters) belong to no block.
struct BlockParser {
  private let text: UTF8Scalars
  private var blocks: [TextBlock] = []
  /// The paragraph or list item that the next line may continue.
  private var open: TextBlock?
  private var openLines = 0
  private var isQuoted = false

  static func blocks(of text: UTF8Scalars) -> [TextBlock] {
    var parser = BlockParser(text: text)
    parser.parse()
    return parser.blocks
  }

  private init(text: UTF8Scalars) {
    self.text = text
  }

  private mutating func parse() {
    var position = parseFrontMatter()
    while position < text.bytes.count {
      let line = lineRange(at: position)
      if let fence = Fence(line: line, in: text.bytes) {
        close()
        position = parseCode(from: line, fence: fence)
      } else {
        parseLine(line)
        position = line.upperBound + 1
      }
    }
    close()
  }

  /// The bytes of the line that holds `position`, without its newline.
  private func lineRange(at position: Int) -> Range<Int> {
    position..<(text.bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? text.bytes.count)
  }

  private mutating func close() {
    if let block = open {
      let content = text.trimmed(block.content)
      if content.isEmpty {
        // A bare "3." still is a document's letters and digits; a bare "-" is nothing.
        let hasDigit = text.bytes[block.outer].contains { (0x30...0x39).contains($0) }
        if hasDigit { append(block.kind, outer: block.outer, content: block.outer) }
      } else {
        append(block.kind, outer: block.outer.lowerBound..<content.upperBound, content: content)
      }
    }
    open = nil
    openLines = 0
  }

  private mutating func append(_ kind: TextBlock.Kind, outer: Range<Int>, content: Range<Int>) {
    let outer = text.trimmed(outer)
    let content = text.trimmed(content)
    guard !content.isEmpty else { return }
    blocks.append(TextBlock(kind: kind, outer: outer, content: content))
  }
}

extension BlockParser {
  private mutating func parseLine(_ line: Range<Int>) {
    let outer = text.trimmed(line)
    let content = skippingQuoteMarks(outer)
    guard !content.isEmpty else { return close() }
    if (content.lowerBound > outer.lowerBound) != isQuoted {
      close()
      isQuoted.toggle()
    }
    if let level = underlineLevel(content), openLines == 1, open?.kind == .paragraph {
      open?.kind = .heading(level: level)
      return close()
    }
    if isRule(content) { return close() }
    if let level = headingLevel(content) {
      close()
      return appendHeading(level: level, outer: outer, content: content)
    }
    if text.bytes[content.lowerBound] == UInt8(ascii: "|") {
      close()
      return append(.row, outer: outer, content: content)
    }
    if let marker = listMarkerEnd(content) {
      close()
      open = TextBlock(kind: .listItem, outer: outer, content: marker..<content.upperBound)
      openLines = 1
      return
    }
    continueParagraph(outer: outer, content: content)
  }

  private mutating func continueParagraph(outer: Range<Int>, content: Range<Int>) {
    if let block = open {
      open?.outer = block.outer.lowerBound..<outer.upperBound
      open?.content = block.content.lowerBound..<content.upperBound
    } else {
      open = TextBlock(kind: .paragraph, outer: outer, content: content)
    }
    openLines += 1
  }

  private mutating func appendHeading(level: Int, outer: Range<Int>, content: Range<Int>) {
    let start = content.lowerBound + level
    var end = content.upperBound
    while end > start, text.bytes[end - 1] == UInt8(ascii: "#") { end -= 1 }
    let title = text.trimmed(start..<end)
    guard !title.isEmpty else { return }
    append(.heading(level: level), outer: outer, content: title)
  }

  /// Lines between `---` at the very start and the next `---` are rows; returns where they end.
  private mutating func parseFrontMatter() -> Int {
    let bytes = text.bytes
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard start < bytes.count, isFrontMatterMark(lineRange(at: start)) else { return start }
    var rows: [Range<Int>] = []
    var position = lineRange(at: start).upperBound + 1
    while position < bytes.count {
      let line = lineRange(at: position)
      position = line.upperBound + 1
      guard isFrontMatterMark(line) else {
        rows.append(line)
        continue
      }
      for row in rows { append(.row, outer: row, content: row) }
      return position
    }
    return start
  }

  private func isFrontMatterMark(_ line: Range<Int>) -> Bool {
    text.bytes[text.trimmed(line)].elementsEqual("---".utf8)
  }

  /// Adds the block of a code fence, which an end of the document may close; returns where it ends.
  private mutating func parseCode(from opening: Range<Int>, fence: Fence) -> Int {
    let start = min(opening.upperBound + 1, text.bytes.count)
    var position = start
    var end = text.bytes.count
    var contentEnd = end
    while position < text.bytes.count {
      let line = lineRange(at: position)
      if fence.isClosed(by: line, in: text.bytes) {
        (contentEnd, end) = (position, min(line.upperBound + 1, text.bytes.count))
        break
      }
      position = line.upperBound + 1
    }
    let outer = opening.lowerBound..<end
    let isEmpty = text.trimmed(start..<contentEnd).isEmpty
    append(.code, outer: outer, content: isEmpty ? outer : start..<contentEnd)
    return end
  }
}

extension BlockParser {
  private func skippingQuoteMarks(_ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    while start < range.upperBound, text.bytes[start] == UInt8(ascii: ">") {
      start = text.skippingSpace(from: start + 1, to: range.upperBound)
    }
    return start..<range.upperBound
  }

  private func headingLevel(_ line: Range<Int>) -> Int? {
    let level = text.bytes[line].prefix(7).prefix { $0 == UInt8(ascii: "#") }.count
    guard (1...6).contains(level) else { return nil }
    let next = line.lowerBound + level
    return next == line.upperBound || text.scalar(at: next).value.isSpace ? level : nil
  }

  /// 1 for a line of `=`, 2 for a line of `-`: what makes the line before it a heading.
  private func underlineLevel(_ line: Range<Int>) -> Int? {
    guard line.count >= 2, let first = text.bytes[line].first,
      text.bytes[line].allSatisfy({ $0 == first })
    else { return nil }
    return first == UInt8(ascii: "=") ? 1 : first == UInt8(ascii: "-") ? 2 : nil
  }

  /// Whether the line is a rule or a table's delimiter row: marks, colons, pipes and blanks alone.
  private func isRule(_ line: Range<Int>) -> Bool {
    line.count >= 3
      && text.bytes[line].allSatisfy { byte in "-*_=|:+ \t".utf8.contains(byte) }
  }

  /// Where the content of a list item begins, if the line begins one.
  ///
  /// Inside a paragraph only the number 1 begins a list, since a line of wrapped prose may well
  /// start with "1986. ".
  private func listMarkerEnd(_ line: Range<Int>) -> Int? {
    let bytes = text.bytes
    var index = line.lowerBound
    if "-*+".utf8.contains(bytes[index]) {
      index += 1
    } else {
      let digits = bytes[line].prefix(10).prefix { (0x30...0x39).contains($0) }
      guard (1...9).contains(digits.count), digits.endIndex < line.upperBound,
        ".)".utf8.contains(bytes[digits.endIndex])
      else { return nil }
      if open?.kind == .paragraph, !digits.elementsEqual("1".utf8) { return nil }
      index = digits.endIndex + 1
    }
    guard index == line.upperBound || text.scalar(at: index).value.isSpace else { return nil }
    return text.skippingSpace(from: index, to: line.upperBound)
  }
}

/// The opening line of a fenced code block.
private struct Fence {
  let mark: UInt8
  let length: Int

  init?(line: Range<Int>, in bytes: [UInt8]) {
    let indent = bytes[line].prefix { $0 == 0x20 || $0 == 0x09 }.count
    let rest = bytes[line].dropFirst(indent)
    guard let mark = rest.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else {
      return nil
    }
    let length = rest.prefix { $0 == mark }.count
    guard length >= 3, mark != UInt8(ascii: "`") || !rest.dropFirst(length).contains(mark) else {
      return nil
    }
    (self.mark, self.length) = (mark, length)
  }

  func isClosed(by line: Range<Int>, in bytes: [UInt8]) -> Bool {
    let rest = bytes[line].drop { $0 == 0x20 || $0 == 0x09 }
    let run = rest.prefix { $0 == mark }
    return run.count >= length
      && rest[run.endIndex...].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }
}
