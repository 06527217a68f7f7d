/// A piece of a document for retrieval: whole sentences between two byte offsets.
package struct TextChunk: Hashable, Sendable {
  /// Bytes `[start, end)` of the document.
  package let range: Range<Int>
  /// The sentences, as byte ranges of the document.
  package let sentences: [Range<Int>]
  /// Line numbers of the first and the last byte, from 1.
  package let lines: ClosedRange<Int>
  /// The titles of the sections that hold the chunk, outermost first.
  package let headings: [String]
}

/// Cuts documents into chunks.
///
/// Sentences are packed greedily, up to `maximumSentences` and `maximumWeight`. A heading begins a
/// new chunk: it lies inside the range of its section's first chunk, so that a citation shows it,
/// but is no sentence of it unless nothing else follows; every chunk of the section carries it in
/// `headings`, which retrieval indexes as context.
///
/// Neighbours inside a section overlap by one sentence when that sentence is short (a third of the
/// limit) and the earlier chunk keeps at least one sentence of its own: what a following "It" or
/// "There" refers to is in most cases the sentence before. A long sentence is not repeated; that
/// would double the index and have a document compete with itself for the same passage.
package struct Chunker: Sendable {
  package static let maximumSentences = 5
  /// Bytes of ASCII; others count twice: the readers' vocabularies hold English words, so other
  /// scripts cost up to a token per byte, and a passage has 384 positions.
  package static let maximumWeight = 420
  /// The weight at which a single sentence is cut.
  package static let maximumSentenceWeight = 600
  static let maximumOverlapWeight = 140
  /// The bytes a chunk may span with the markers, rules and blank lines between its sentences.
  static let maximumSpan = 2 * maximumSentenceWeight

  /// Raised with any change that moves a chunk's border, so that indexes know to cut anew.
  package static let version = 1

  /// The chunks of a document, in order; none for a document without a sentence.
  package static func chunks(of document: [UInt8]) -> [TextChunk] {
    var packing = Packing(text: UTF8Scalars(document))
    let units = Segmenter.units(of: packing.text)
    for index in units.indices { packing.add(units, index) }
    packing.close()
    return packing.chunks
  }
}

/// A sentence, or a piece of one, as chunks are made of.
struct TextUnit {
  /// With the marker before it (`- `, a code fence), as the chunk's bytes show it.
  let outer: Range<Int>
  let content: Range<Int>
  let weight: Int
  /// The level, for a heading.
  let headingLevel: Int?
  /// Which block it is of.
  let block: Int
}

/// The state of cutting one document.
private struct Packing {
  let text: UTF8Scalars
  private(set) var chunks: [TextChunk] = []
  private var lineStarts: [Int]
  private var current: [TextUnit] = []
  private var weight = 0
  /// The headings just passed, which the next sentence belongs to.
  private var pendingHeadings: [TextUnit] = []
  private var trail: [(level: Int, title: String)] = []
  /// The sentences of `current` that the chunk before holds as well.
  private var overlapped = 0

  init(text: UTF8Scalars) {
    self.text = text
    lineStarts = [0]
    for index in text.bytes.indices where text.bytes[index] == UInt8(ascii: "\n") {
      lineStarts.append(index + 1)
    }
  }

  mutating func add(_ units: [TextUnit], _ index: Int) {
    let unit = units[index]
    if let level = unit.headingLevel {
      beginSection(unit, level: level)
      return
    }
    if let title = pendingHeadings.first, !isNear(unit, title) { close() }
    if !current.isEmpty, !fits(unit) || breaksBetter(before: units, index) {
      let last = current[current.count - 1]
      let repeats = current.count - overlapped > 1
      emit()
      if repeats, last.weight <= Chunker.maximumOverlapWeight,
        last.weight + unit.weight <= Chunker.maximumWeight, isNear(unit, last)
      {
        current = [last]
        weight = last.weight
        overlapped = 1
      }
    }
    current.append(unit)
    weight += unit.weight
  }

  mutating func close() {
    if current.isEmpty, !pendingHeadings.isEmpty {
      // Titles with nothing under them are their own sentences.
      current = pendingHeadings
      pendingHeadings = []
    }
    emit()
  }

  private mutating func beginSection(_ unit: TextUnit, level: Int) {
    if !current.isEmpty { emit() }
    let held = pendingHeadings.reduce(unit.weight) { $0 + $1.weight }
    let isFar = pendingHeadings.first.map { !isNear(unit, $0) } ?? false
    if pendingHeadings.count == Chunker.maximumSentences || held > Chunker.maximumWeight || isFar {
      close()
    }
    pendingHeadings.append(unit)
    trail.removeAll { $0.level >= level }
    trail.append((level, String(decoding: text.bytes[unit.content], as: UTF8.self)))
  }

  private func fits(_ unit: TextUnit) -> Bool {
    current.count < Chunker.maximumSentences && weight + unit.weight <= Chunker.maximumWeight
      && isNear(unit, current[0])
  }

  /// Whether both units may lie in one chunk, counting what is between them.
  private func isNear(_ unit: TextUnit, _ earlier: TextUnit) -> Bool {
    unit.outer.upperBound - earlier.outer.lowerBound <= Chunker.maximumSpan
  }

  /// Whether a new block begins that would be torn, while the chunk is at least half full.
  private func breaksBetter(before units: [TextUnit], _ index: Int) -> Bool {
    guard units[index].block != current[current.count - 1].block,
      weight * 2 >= Chunker.maximumWeight || current.count * 2 > Chunker.maximumSentences
    else { return false }
    var total = weight
    var count = current.count
    for unit in units[index...] {
      guard unit.block == units[index].block, unit.headingLevel == nil else { return false }
      total += unit.weight
      count += 1
      if total > Chunker.maximumWeight || count > Chunker.maximumSentences { return true }
    }
    return false
  }

  private mutating func emit() {
    guard let first = current.first, let last = current.last else { return }
    let start = pendingHeadings.first?.outer.lowerBound ?? first.outer.lowerBound
    let range = start..<last.outer.upperBound
    chunks.append(
      TextChunk(
        range: range, sentences: current.map(\.content),
        lines: line(of: range.lowerBound)...line(of: range.upperBound - 1),
        headings: trail.map(\.title)))
    (current, pendingHeadings, weight, overlapped) = ([], [], 0, 0)
  }

  /// The 1-based line of a byte, by binary search.
  private func line(of offset: Int) -> Int {
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }
}
