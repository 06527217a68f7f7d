/// Symbols of a word that are joined pair by pair, the best pair first, the leftmost among equals.
///
/// A short word is searched for its best pair again and again, in memory that fits the first cache.
/// A long one takes a linked list and a heap: n symbols cost O(n log n), also where every pair can be
/// joined.
struct MergeList {
  struct Symbol {
    /// Byte offsets in the text.
    var start: Int
    var end: Int
    /// The token, or -1 where the vocabulary has none.
    var token: Int32
  }

  /// How good it is to join two symbols (lower is earlier, below `UInt32.max`), and what they become.
  struct Merge {
    let priority: UInt32
    let token: Int32
  }

  /// What the word consists of, in order.
  private(set) var symbols: [Symbol] = []
  /// The merge of each symbol with its successor; token -1 for none.
  private var merges: [Merge] = []
  private var links: [Link] = []
  /// Priorities above positions, so that one comparison orders both.
  ///
  /// Entries that no longer hold stay until they come up.
  private var heap = Heap()

  private struct Link {
    var previous: Int
    var next: Int
  }

  private static let none = Merge(priority: .max, token: -1)
  /// Up to here the search takes less time than the heap.
  private static let longestSearched = 32

  mutating func removeAll() {
    symbols.removeAll(keepingCapacity: true)
    merges.removeAll(keepingCapacity: true)
  }

  mutating func append(_ symbol: Symbol) { symbols.append(symbol) }

  /// Joins pairs until `rule` finds none.
  mutating func mergeAll(_ rule: (Symbol, Symbol) -> Merge?) {
    guard symbols.count > 1 else { return }
    for index in symbols.indices.dropLast() {
      merges.append(rule(symbols[index], symbols[index + 1]) ?? Self.none)
    }
    merges.append(Self.none)
    if symbols.count <= Self.longestSearched { mergeBySearch(rule) } else { mergeByHeap(rule) }
  }

  private mutating func mergeBySearch(_ rule: (Symbol, Symbol) -> Merge?) {
    while true {
      var best = 0
      for index in merges.indices where merges[index].priority < merges[best].priority {
        best = index
      }
      guard merges[best].token >= 0 else { return }
      symbols[best].end = symbols[best + 1].end
      symbols[best].token = merges[best].token
      symbols.remove(at: best + 1)
      merges.remove(at: best + 1)
      propose(best, best + 1, rule)
      if best > 0 { propose(best - 1, best, rule) }
    }
  }

  private mutating func propose(
    _ index: Int, _ next: Int, _ rule: (Symbol, Symbol) -> Merge?
  ) {
    merges[index] =
      next < symbols.count ? rule(symbols[index], symbols[next]) ?? Self.none : Self.none
  }

  private mutating func mergeByHeap(_ rule: (Symbol, Symbol) -> Merge?) {
    let count = symbols.count
    links = symbols.indices.map { Link(previous: $0 - 1, next: $0 + 1) }
    for index in merges.indices where merges[index].token >= 0 {
      heap.push(merges[index].priority, index)
    }
    while let (priority, position) = heap.popSmallest() {
      let merge = merges[position]
      guard merge.token >= 0, merge.priority == priority else { continue }
      join(position, into: merge.token)
      proposeLinked(position, rule)
      if links[position].previous >= 0 { proposeLinked(links[position].previous, rule) }
    }
    var kept: [Symbol] = []
    var index = 0
    while index < count {
      kept.append(symbols[index])
      index = links[index].next
    }
    symbols = kept
  }

  private mutating func proposeLinked(_ index: Int, _ rule: (Symbol, Symbol) -> Merge?) {
    propose(index, links[index].next, rule)
    if merges[index].token >= 0 { heap.push(merges[index].priority, index) }
  }

  private mutating func join(_ index: Int, into token: Int32) {
    let removed = links[index].next
    merges[removed] = Self.none
    symbols[index].end = symbols[removed].end
    symbols[index].token = token
    links[index].next = links[removed].next
    if links[index].next < links.count { links[links[index].next].previous = index }
  }
}

/// A binary heap with the smallest key first: a priority, then a position.
private struct Heap {
  private var keys: [UInt64] = []

  mutating func push(_ priority: UInt32, _ position: Int) {
    let key = UInt64(priority) << 32 | UInt64(position)
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

  mutating func popSmallest() -> (priority: UInt32, position: Int)? {
    guard let smallest = keys.first, let last = keys.popLast() else { return nil }
    if !keys.isEmpty { sink(last) }
    return (UInt32(smallest >> 32), Int(smallest & 0xFFFF_FFFF))
  }

  /// Puts a key where the smallest was.
  private mutating func sink(_ key: UInt64) {
    var parent = 0
    while 2 * parent + 1 < keys.count {
      var child = 2 * parent + 1
      if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
      guard keys[child] < key else { break }
      keys[parent] = keys[child]
      parent = child
    }
    keys[parent] = key
  }
}
