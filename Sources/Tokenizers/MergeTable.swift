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
    var merges: [Entry] = []
    try file.forEachString(field) { (bytes) throws(GGUFError) in
      guard let (pair, token) = Self.parse(bytes, vocabulary) else {
        throw GGUFError(
          file: file.path, field: "\(field)[\(merges.count)]",
          found: "\"\(String(decoding: bytes.prefix(80), as: UTF8.self))\"",
          expected: "two tokens and a space between them, whose sum is a token")
      }
      merges.append(
        Entry(pair: pair, merge: .init(priority: UInt32(merges.count), token: token)))
    }
    var bits: UInt64 = 4
    while 1 << bits < merges.count + merges.count / 2 { bits += 1 }
    shift = 64 - bits
    entries = Array(repeating: Self.empty, count: 1 << bits)
    for merge in merges {
      let slot = slot(merge.pair)
      if entries[slot].merge.token < 0 { entries[slot] = merge }
    }
  }

  private static func parse(
    _ line: UnsafeRawBufferPointer, _ vocabulary: Vocabulary
  ) -> (pair: UInt64, token: Int32)? {
    guard let space = line.dropFirst().firstIndex(of: UInt8(ascii: " ")) else { return nil }
    var joined = Array(line[..<space])
    joined.append(contentsOf: line[(space + 1)...])
    let bytes = joined.span
    guard let left = vocabulary.id(of: bytes.extracting(0..<space)),
      let right = vocabulary.id(of: bytes.extracting(space..<bytes.count)),
      let token = vocabulary.id(of: bytes)
    else { return nil }
    return (pair(left, right), token)
  }
}
