/// Symbols of a text that are joined pair by pair, the best pair first, the leftmost among equals.
///
/// A linked list and a heap: n symbols cost O(n log n), also where every pair can be joined.
struct MergeList {
  struct Symbol {
    /// Byte offsets in the text.
    var start: Int
    var end: Int
    /// The token, or -1 where the vocabulary has none.
    var token: Int32
    fileprivate var previous = -1
    fileprivate var next = -1

    init(start: Int, end: Int, token: Int32) {
      self.start = start
      self.end = end
      self.token = token
    }
  }

  /// How good it is to join two symbols (lower is earlier), and what they become.
  struct Merge {
    let priority: UInt32
    let token: Int32
  }

  private var symbols: [Symbol] = []
  /// The merge of each symbol with its successor; token -1 for none.
  private var merges: [Merge] = []
  /// Priorities above positions, so that one comparison orders both.
  ///
  /// Entries that no longer hold stay until they come up.
  private var heap = Heap()

  private static let none = Merge(priority: 0, token: -1)

  mutating func removeAll() {
    symbols.removeAll(keepingCapacity: true)
    merges.removeAll(keepingCapacity: true)
  }

  mutating func append(_ symbol: Symbol) {
    var symbol = symbol
    symbol.previous = symbols.count - 1
    if !symbols.isEmpty { symbols[symbols.count - 1].next = symbols.count }
    symbols.append(symbol)
    merges.append(Self.none)
  }

  /// Joins pairs until `rule` finds none.
  mutating func mergeAll(_ rule: (Symbol, Symbol) -> Merge?) {
    for index in symbols.indices { propose(index, rule) }
    while let key = heap.popSmallest() {
      let position = Int(key & 0xFFFF_FFFF)
      let merge = merges[position]
      guard merge.token >= 0, merge.priority == UInt32(key >> 32) else { continue }
      join(position, into: merge.token)
      propose(position, rule)
      if symbols[position].previous >= 0 { propose(symbols[position].previous, rule) }
    }
  }

  private mutating func propose(_ index: Int, _ rule: (Symbol, Symbol) -> Merge?) {
    let next = symbols[index].next
    guard next >= 0, let merge = rule(symbols[index], symbols[next]) else {
      merges[index] = Self.none
      return
    }
    merges[index] = merge
    heap.push(UInt64(merge.priority) << 32 | UInt64(index))
  }

  private mutating func join(_ index: Int, into token: Int32) {
    let removed = symbols[index].next
    merges[removed] = Self.none
    symbols[index].end = symbols[removed].end
    symbols[index].token = token
    symbols[index].next = symbols[removed].next
    if symbols[index].next >= 0 { symbols[symbols[index].next].previous = index }
  }

  /// Calls `body` with what is left, in order.
  func forEach(_ body: (Symbol) -> Void) {
    var index = symbols.isEmpty ? -1 : 0
    while index >= 0 {
      body(symbols[index])
      index = symbols[index].next
    }
  }
}

/// A binary heap with the smallest key first.
private struct Heap {
  private var keys: [UInt64] = []

  mutating func push(_ key: UInt64) {
    var child = keys.count
    keys.append(key)
    while child > 0 {
      let parent = (child - 1) / 2
      guard key < keys[parent] else { break }
      keys[child] = keys[parent]
      child = parent
    }
    keys[child] = key
  }

  mutating func popSmallest() -> UInt64? {
    guard let smallest = keys.first, let last = keys.popLast() else { return nil }
    guard !keys.isEmpty else { return smallest }
    var parent = 0
    while 2 * parent + 1 < keys.count {
      var child = 2 * parent + 1
      if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
      guard keys[child] < last else { break }
      keys[parent] = keys[child]
      parent = child
    }
    keys[parent] = last
    return smallest
  }
}
