import Corpus
import Testing

/// Random documents of awkward pieces, from a fixed seed.
private struct Documents {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  static let pieces = [
    "The tower is tall. ", "It stands ", "e.g. ", "U.S. ", "\n", "\n\n", "# Title\n", "## Part\n",
    "- item\n", "1. one\n", "> quote\n", "```\n", "| a | b |\n", "---\n", "塔高。", "ऊँची है। ", "é",
    "👩‍👩‍👧 ", "3.14 ", "word ", "a-very-long-word", "\t", "…", "?! ", "\"", ")", "\u{3000}", "\r\n",
    "===\n", "A paragraph that goes on for some time about the sea and its many lights. ",
  ]

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func document() -> [UInt8] {
    var text = ""
    for _ in 0..<(next() % 120) {
      let piece = Self.pieces[Int(next() % UInt64(Self.pieces.count))]
      text += String(repeating: piece, count: next() % 12 == 0 ? 40 : 1)
    }
    return Array(text.utf8)
  }

  mutating func noise() -> [UInt8] {
    let alphabet = Array("a .\n#`-|>!\"(1".utf8) + [0xC3, 0xA9, 0xE5, 0xA1, 0x94, 0xF0, 0xFF, 0x80]
    return (0..<(next() % 3000)).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
  }
}

/// A letter or digit: what a chunk must not lose.
private func isWordByte(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    || byte >= 0xC4 && byte != 0xE2 && byte != 0xE3 && byte != 0xEF
}

private func checkShape(_ chunks: [TextChunk], of document: [UInt8]) {
  for (index, chunk) in chunks.enumerated() {
    let range = chunk.range
    #expect(range.lowerBound >= 0 && range.upperBound <= document.count && !range.isEmpty)
    #expect(range.count <= 2 * 1200)
    #expect((1...5).contains(chunk.sentences.count))
    for (earlier, later) in zip(chunk.sentences, chunk.sentences.dropFirst()) {
      #expect(earlier.upperBound <= later.lowerBound)
    }
    #expect(chunk.sentences.allSatisfy { range.contains($0.lowerBound) && !$0.isEmpty })
    #expect(chunk.sentences.allSatisfy { $0.upperBound <= range.upperBound && $0.count <= 600 })
    if chunk.sentences.count > 1 {
      #expect(chunk.sentences.reduce(0) { $0 + $1.count } <= 420)
    }
    let newlines = document[..<range.lowerBound].count { $0 == 0x0A }
    #expect(chunk.lines.lowerBound == newlines + 1)
    #expect(
      chunk.lines.upperBound == newlines + 1 + document[range].dropLast().count { $0 == 0x0A })
    if index > 0 {
      #expect(chunks[index - 1].range.lowerBound < range.lowerBound)
      #expect(chunks[index - 1].range.upperBound < range.upperBound)
    }
  }
}

@Suite struct TextChunkTests {
  @Test func `chunks cover every letter and digit and never cut a character`() {
    var documents = Documents(seed: 7)
    for _ in 0..<300 {
      let document = documents.document()
      let chunks = Chunker.chunks(of: document)
      checkShape(chunks, of: document)
      var covered = [Bool](repeating: false, count: document.count)
      for chunk in chunks { for index in chunk.range { covered[index] = true } }
      let lost = document.indices.filter { isWordByte(document[$0]) && !covered[$0] }
      #expect(lost.isEmpty, "\(String(decoding: document, as: UTF8.self).debugDescription)")
      for chunk in chunks {
        #expect(String(validating: document[chunk.range], as: UTF8.self) != nil)
        for sentence in chunk.sentences {
          #expect(String(validating: document[sentence], as: UTF8.self) != nil)
        }
      }
      #expect(chunks == Chunker.chunks(of: document))
    }
  }

  @Test func `bytes that are no text are cut without a trap`() {
    var documents = Documents(seed: 11)
    for _ in 0..<300 {
      let document = documents.noise()
      checkShape(Chunker.chunks(of: document), of: document)
    }
    checkShape(
      Chunker.chunks(of: [UInt8](repeating: 0x80, count: 5000)),
      of: [UInt8](repeating: 0x80, count: 5000))
  }

  @Test func `a heading lies in the bytes of its first chunk and in the headings of all`() {
    let prose = (1...8).map { "Sentence \($0) says what there is to say about the lamp." }
    let document =
      "# Light\n\n## Lamp\n\n\(prose.joined(separator: " "))\n\n## Keeper\n\nShe left.\n"
    let bytes = Array(document.utf8)
    let chunks = Chunker.chunks(of: bytes)
    #expect(chunks.count == 3)
    #expect(
      chunks.map(\.headings) == [["Light", "Lamp"], ["Light", "Lamp"], ["Light", "Keeper"]])
    let texts = chunks.map { String(decoding: bytes[$0.range], as: UTF8.self) }
    #expect(texts[0].hasPrefix("# Light\n\n## Lamp\n\nSentence 1 "))
    #expect(texts[1].hasPrefix("Sentence "))
    #expect(texts[2] == "## Keeper\n\nShe left.")
    #expect(chunks[2].sentences.count == 1)
    #expect(chunks[2].lines == 7...9)
  }

  @Test func `neighbours in a section share one short sentence`() {
    let prose = (1...9).map { "This is sentence number \($0) of the text." }
    let bytes = Array(prose.joined(separator: " ").utf8)
    let chunks = Chunker.chunks(of: bytes)
    #expect(chunks.map(\.sentences.count) == [5, 5])
    #expect(chunks[0].sentences.last == chunks[1].sentences.first)
  }

  @Test func `a long sentence is not repeated and one beyond the limit is cut at a blank`() {
    let long = Array(("Long " + String(repeating: "lamp ", count: 60)).utf8) + Array("end. ".utf8)
    let chunks = Chunker.chunks(of: long + long + long)
    #expect(chunks.map(\.sentences.count) == [1, 1, 1])
    let endless = Array(String(repeating: "wörd ", count: 400).utf8)
    let pieces = Chunker.chunks(of: endless)
    #expect(pieces.count > 3)
    #expect(pieces.allSatisfy { endless[$0.range.upperBound - 1] == UInt8(ascii: "d") })
  }

  @Test func `titles with nothing under them are still found`() {
    let bytes = Array("# Light\n\n## Lamp\n".utf8)
    let chunks = Chunker.chunks(of: bytes)
    #expect(chunks.count == 1)
    #expect(
      chunks[0].sentences.map { String(decoding: bytes[$0], as: UTF8.self) } == ["Light", "Lamp"])
  }
}
