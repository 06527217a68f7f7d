/// Finds special tokens written in text, leftmost first and the longest at each place.
struct SpecialTokenScanner: Sendable {
  enum Fragment: Equatable {
    case text(Range<Int>)
    case token(Int32)
  }

  /// A trie: the node reached from `node` by `byte` is `children[node << 8 | byte]`.
  private var children: [Int: Int] = [:]
  private var ends: [End?] = [nil]

  private struct End {
    let token: Int32
    /// Recognised also in text from outside.
    let isUserDefined: Bool
  }

  init(_ vocabulary: Vocabulary) {
    for id in Int32(0)..<Int32(vocabulary.count) where vocabulary.kinds[Int(id)].isSpecial {
      insert(
        vocabulary[id], End(token: id, isUserDefined: vocabulary.kinds[Int(id)] == .userDefined))
    }
  }

  private mutating func insert(_ bytes: ArraySlice<UInt8>, _ end: End) {
    // A longer one could make the scan quadratic, and is no token that anybody writes.
    guard !bytes.isEmpty, bytes.count <= 256 else { return }
    var node = 0
    for byte in bytes {
      let edge = node << 8 | Int(byte)
      if let child = children[edge] {
        node = child
      } else {
        ends.append(nil)
        node = ends.count - 1
        children[edge] = node
      }
    }
    ends[node] = end
  }

  /// Cuts `text` into special tokens and what lies between them.
  ///
  /// - Parameter parseControl: whether control tokens count, or user-defined ones alone.
  func fragments(of text: [UInt8], parseControl: Bool) -> [Fragment] {
    var fragments: [Fragment] = []
    var start = 0
    var position = 0
    while position < text.count {
      guard let (token, length) = match(text, at: position, parseControl) else {
        position += 1
        continue
      }
      if start < position { fragments.append(.text(start..<position)) }
      fragments.append(.token(token))
      position += length
      start = position
    }
    if start < text.count { fragments.append(.text(start..<text.count)) }
    return fragments
  }

  private func match(
    _ text: [UInt8], at start: Int, _ parseControl: Bool
  ) -> (token: Int32, length: Int)? {
    var node = 0
    var longest: (token: Int32, length: Int)?
    for position in start..<text.count {
      guard let child = children[node << 8 | Int(text[position])] else { break }
      node = child
      if let end = ends[node], parseControl || end.isUserDefined {
        longest = (end.token, position + 1 - start)
      }
    }
    return longest
  }
}
