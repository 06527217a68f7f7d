import GGUF

/// Which two tokens join to which, and how early: `tokenizer.ggml.merges` by token id.
///
/// Open addressing, at most two thirds full, under a secret multiplier so that no file can make
/// pairs collide.
struct MergeTable: Sendable {
  private struct Entry {
    var pair: UInt64
    var merge: MergeList.Merge
  }

  private static let multiplier = UInt64.random(in: .min ... .max) | 1
  /// No pair of tokens: ids are not negative.
  private static let empty = Entry(pair: .max, merge: .init(priority: 0, token: -1))

  /// Twice what any model has; see `Vocabulary`.
  private static let most = 1 << 20

  private var entries: [Entry]
  private let shift: UInt64

  subscript(left: Int32, right: Int32) -> MergeList.Merge? {
    guard left >= 0, right >= 0 else { return nil }
    let entry = entries[slot(Self.pair(left, right))]
    return entry.merge.token >= 0 ? entry.merge : nil
  }

  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Where a pair stands, or would.
  private func slot(_ pair: UInt64) -> Int {
    var slot = Int((pair &* Self.multiplier) >> shift)
    while entries[slot].pair != pair, entries[slot].merge.token >= 0 {
      slot = (slot + 1) & (entries.count - 1)
    }
    return slot
  }

  init(_ file: GGUFFile, _ vocabulary: Vocabulary) throws(GGUFError) {
    let field = "tokenizer.ggml.merges"
    try file.require(atMost: Self.most, "merges", in: field)
    var count: UInt32 = 0
    var line = MergeLine()
    let bits = Self.bits(file, field)
    shift = 64 - bits
    entries = Array(repeating: Self.empty, count: 1 << bits)
    try file.forEachString(field) { (bytes) throws(GGUFError) in
      guard let (pair, token) = line.parse(bytes, vocabulary) else {
        throw GGUFError(
          file: file.path, field: "\(field)[\(count)]",
          found: "\"\(String(decoding: bytes.prefix(80), as: UTF8.self))\"",
          expected: "two tokens and a space between them, whose sum is a token")
      }
      add(Self.pair(pair.left, pair.right), .init(priority: count, token: token))
      count += 1
    }
  }

  /// The size of a table for all merges of the file, as a power of two.
  private static func bits(_ file: GGUFFile, _ field: String) -> UInt64 {
    guard case .array(let array) = file.metadata[field] else { return 4 }
    var bits: UInt64 = 4
    while 1 << bits < array.count + array.count / 2 { bits += 1 }
    return bits
  }

  /// The first merge of a pair counts.
  private mutating func add(_ pair: UInt64, _ merge: MergeList.Merge) {
    let slot = slot(pair)
    if entries[slot].merge.token < 0 { entries[slot] = Entry(pair: pair, merge: merge) }
  }
}

/// Reads lines of the merge list, one after another.
private struct MergeLine {
  typealias Parts = (pair: (left: Int32, right: Int32), token: Int32)

  /// Both parts of the line without the space between them, where the second begins, and their
  /// hashes.
  private var joined: [UInt8] = []
  private var middle = 0
  private var (left, right, whole) = (TokenHash(), TokenHash(), TokenHash())
  private var latest: Int32 = -1

  /// The two tokens of a line, and the one that they make.
  mutating func parse(_ line: UnsafeRawBufferPointer, _ vocabulary: Vocabulary) -> Parts? {
    split(line)
    guard let parts = parts(vocabulary) else { return nil }
    latest = parts.token
    return parts
  }

  private mutating func split(_ line: UnsafeRawBufferPointer) {
    joined.removeAll(keepingCapacity: true)
    middle = 0
    (left, right, whole) = (TokenHash(), TokenHash(), TokenHash())
    for (index, byte) in line.enumerated() {
      if middle == 0, index > 0, byte == UInt8(ascii: " ") {
        middle = index
        left = whole
        continue
      }
      joined.append(byte)
      whole.append(byte)
      if middle > 0 { right.append(byte) }
    }
  }

  private func parts(_ vocabulary: Vocabulary) -> Parts? {
    guard middle > 0, middle < joined.count else { return nil }
    let bytes = joined.span
    guard let first = vocabulary.id(of: bytes.extracting(0..<middle), left),
      let second = vocabulary.id(of: bytes.extracting(middle..<bytes.count), right),
      let token = token(vocabulary)
    else { return nil }
    return ((first, second), token)
  }

  /// Most lists make their tokens in the order of the vocabulary, once or several times each.
  private func token(_ vocabulary: Vocabulary) -> Int32? {
    for guess in latest...latest + 1
    where vocabulary.contains(guess) && vocabulary.matches(guess, joined.span) {
      return guess
    }
    return vocabulary.id(of: joined.span, whole)
  }
}
