/// Turns a document into the units that chunks are made of: sentences, long ones in pieces.
enum Segmenter {
  static func units(of text: UTF8Scalars) -> [TextUnit] {
    var units: [TextUnit] = []
    for (number, block) in BlockParser.blocks(of: text).enumerated() {
      append(block, number: number, of: text, to: &units)
    }
    return units
  }

  private static func append(
    _ block: TextBlock, number: Int, of text: UTF8Scalars, to units: inout [TextUnit]
  ) {
    var level: Int?
    if case .heading(let found) = block.kind { level = found }
    var sentences = level == nil ? SentenceSplitter.sentences(of: block, in: text) : []
    if sentences.isEmpty { sentences = [block.content] }
    let pieces = sentences.flatMap { cut($0, in: text, preferringLines: block.kind == .code) }
    let outer = shownOuter(of: block)
    for (index, piece) in pieces.enumerated() {
      let start = index == 0 ? outer.lowerBound : piece.lowerBound
      let end = index == pieces.count - 1 ? outer.upperBound : piece.upperBound
      let isTitle = level != nil && pieces.count == 1
      units.append(
        TextUnit(
          outer: start..<end, content: piece, weight: weight(of: piece, in: text),
          headingLevel: isTitle ? level : nil, block: number))
    }
  }

  /// The block with its markers, or without markers too long to be any.
  private static func shownOuter(of block: TextBlock) -> Range<Int> {
    block.outer.count - block.content.count <= 200 ? block.outer : block.content
  }

  static func weight(of range: Range<Int>, in text: UTF8Scalars) -> Int {
    text.bytes[range].reduce(0) { $0 + ($1 < 0x80 ? 1 : 2) }
  }

  /// `sentence` in pieces of at most `maximumSentenceWeight`: cut at the last line or blank of the
  /// second half of each piece where there is one, else between two characters.
  static func cut(
    _ sentence: Range<Int>, in text: UTF8Scalars, preferringLines: Bool
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = sentence.lowerBound
    while start < sentence.upperBound {
      let end = pieceEnd(from: start, to: sentence.upperBound, text, preferringLines)
      let piece = text.trimmed(start..<end)
      if !piece.isEmpty { pieces.append(piece) }
      start = end
    }
    return pieces
  }

  private static func pieceEnd(
    from start: Int, to end: Int, _ text: UTF8Scalars, _ preferringLines: Bool
  ) -> Int {
    var weight = 0
    var index = start
    var blank: Int?
    var line: Int?
    while index < end {
      let byte = text.bytes[index]
      weight += byte < 0x80 ? 1 : 2
      if weight > Chunker.maximumSentenceWeight { break }
      index += 1
      let isLate = weight * 2 > Chunker.maximumSentenceWeight
      if isLate, byte == 0x20 || byte == 0x09 || byte == 0x0A { blank = index }
      if isLate, byte == 0x0A { line = index }
    }
    guard index < end else { return end }
    if let found = (preferringLines ? line : nil) ?? blank { return found }
    // A malformed run of continuation bytes has no border; it is cut anyway.
    var border = index
    while border > start + 1, index - border < 4, !text.isBoundary(border) { border -= 1 }
    return text.isBoundary(border) ? border : index
  }
}
