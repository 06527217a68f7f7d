/// A perfect subtree: the `index`-th node of 2^level leaves, counted from the left.
package struct NodePosition: Hashable, Sendable {
  package let level: Int
  package let index: Int

  package init(level: Int, index: Int) {
    self.level = level
    self.index = index
  }

  /// Where the node's hash is stored, when every hash is written once, in the order in which it
  /// becomes known: each leaf, followed by the parents that it completes.
  ///
  /// The same order as golang.org/x/mod/sumdb/tlog, so that storage is append-only and appending
  /// to a tree of n leaves writes at most 1 + log2(n) hashes.
  package var storageIndex: Int {
    // The node is written right after its last leaf, once the `level` nodes below it are.
    var leaf = index
    for _ in 0..<level { leaf = 2 * leaf + 1 }
    return NodePosition.storedCount(leaves: leaf) + level
  }

  /// The number of hashes stored for a tree of that many leaves: n + n/2 + n/4 + ...
  package static func storedCount(leaves: Int) -> Int {
    var count = 0
    var remaining = leaves
    while remaining > 0 {
      count += remaining
      remaining /= 2
    }
    return count
  }
}

/// The leaves `[lower, upper)` that one hash of a proof stands for.
struct LeafRange: Equatable {
  var lower: Int
  var upper: Int

  var count: Int { upper - lower }

  /// RFC 6962 splits n leaves at the largest power of two below n.
  var split: Int {
    precondition(count > 1)
    return lower + 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
  }

  /// The perfect subtrees that make up the range, from left to right, larger ones first.
  ///
  /// Ranges in proofs start at a multiple of the smallest power of two that holds them.
  var subtrees: [NodePosition] {
    var positions: [NodePosition] = []
    var start = lower
    while start < upper {
      let level = Int.bitWidth - 1 - (upper - start).leadingZeroBitCount
      positions.append(NodePosition(level: level, index: start >> level))
      start += 1 << level
    }
    return positions
  }
}
