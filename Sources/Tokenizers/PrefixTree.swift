/// Tokens by their bytes, one byte at a time: finds all that begin at a place in one walk.
///
/// Nodes stand in the order of their depth, so the children of one are neighbours, in the order of
/// their bytes. Takes 9 bytes for each node, of which there are at most as many as tokens have bytes.
struct PrefixTree: Sendable {
  typealias Node = Int
  static let root: Node = 0

  /// The last byte on the way to each node; the root's means nothing.
  private var labels: [UInt8] = [0]
  /// The children of node `i` are `firstChild[i]..<firstChild[i + 1]`.
  private var firstChild: [UInt32] = []
  /// The token that ends at each node, or -1.
  private var tokens: [Int32] = []

  /// - Parameter ids: tokens to find; empty ones never match.
  init(_ vocabulary: Vocabulary, _ ids: [Int32]) {
    let sorted = Self.sorted(ids.filter { !vocabulary[$0].isEmpty }, vocabulary)
    var ranges = [0..<sorted.count]
    var depth = 0
    while !ranges.isEmpty {
      var next: [Range<Int>] = []
      for range in ranges {
        append(sorted, range, depth, vocabulary, &next)
      }
      ranges = next
      depth += 1
    }
    firstChild.append(UInt32(labels.count))
  }

  /// Finishes one node of the level `depth` and begins its children.
  private mutating func append(
    _ sorted: [Int32], _ range: Range<Int>, _ depth: Int, _ vocabulary: Vocabulary,
    _ children: inout [Range<Int>]
  ) {
    var start = range.lowerBound
    firstChild.append(UInt32(labels.count))
    // The shortest stands first: it is what has been walked, or there is none of that length.
    if depth > 0, vocabulary[sorted[start]].count == depth {
      tokens.append(sorted[start])
      start += 1
    } else {
      tokens.append(-1)
    }
    func label(_ index: Int) -> UInt8 {
      let bytes = vocabulary[sorted[index]]
      return bytes[bytes.startIndex + depth]
    }
    while start < range.upperBound {
      let byte = label(start)
      var end = start + 1
      while end < range.upperBound, label(end) == byte { end += 1 }
      labels.append(byte)
      children.append(start..<end)
      start = end
    }
  }

  private static func sorted(_ ids: [Int32], _ vocabulary: Vocabulary) -> [Int32] {
    let keyed = ids.map { id in
      let bytes = vocabulary[id]
      let key = bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      return (key: key << UInt64(64 - 8 * min(8, bytes.count)), id: id)
    }
    return keyed.sorted { left, right in
      left.key == right.key
        ? vocabulary[left.id].lexicographicallyPrecedes(vocabulary[right.id])
        : left.key < right.key
    }.map(\.id)
  }

  /// The node that `byte` leads to, or nil.
  func child(_ node: Node, _ byte: UInt8) -> Node? {
    var low = Int(firstChild[node])
    let end = Int(firstChild[node + 1])
    var high = end
    while low < high {
      let middle = (low + high) / 2
      if labels[middle] < byte { low = middle + 1 } else { high = middle }
    }
    return low < end && labels[low] == byte ? low : nil
  }

  /// The token whose bytes lead to `node`, or nil.
  func token(_ node: Node) -> Int32? { tokens[node] >= 0 ? tokens[node] : nil }

  /// How many bytes at `start` are the beginning of some token.
  func depth(_ text: ArraySlice<UInt8>, at start: Int) -> Int {
    var node = Self.root
    var index = start
    while index < text.endIndex, let next = child(node, text[index]) {
      node = next
      index += 1
    }
    return index - start
  }

  /// The longest token that stands at `start`, at most `limit` bytes long.
  func longest(_ text: ArraySlice<UInt8>, at start: Int, limit: Int = .max) -> Int32? {
    var node = Self.root
    var longest: Int32?
    let end = limit < text.endIndex - start ? start + limit : text.endIndex
    for index in start..<end {
      guard let next = child(node, text[index]) else { break }
      node = next
      longest = token(node) ?? longest
    }
    return longest
  }
}
