/// The right edge of a tree: all that appending and the root need, at most 64 hashes.
package struct Frontier: Equatable, Sendable {
  /// The number of leaves.
  package private(set) var size: Int

  /// The perfect subtrees from left to right, larger ones first: one per bit set in `size`.
  package private(set) var subtrees: [TreeHash]

  /// The empty tree.
  package init() {
    size = 0
    subtrees = []
  }

  /// The edge of a stored tree; reads at most 64 hashes.
  package init(size: Int, reader: some HashReader) throws {
    let positions = LeafRange(lower: 0, upper: size).subtrees
    self.size = size
    subtrees = try reader.hashes(at: positions.map(\.storageIndex))
  }

  /// Adds a leaf and returns the hashes to store at the end of the storage.
  ///
  /// They are the leaf's own and those of the parents that it completes: O(log n).
  package mutating func append(_ leaf: TreeHash) -> [TreeHash] {
    var completed = [leaf]
    for _ in 0..<size.trailingOneBitCount {
      completed.append(.node(subtrees.removeLast(), completed[completed.count - 1]))
    }
    subtrees.append(completed[completed.count - 1])
    size += 1
    return completed
  }

  /// The Merkle tree head of RFC 6962.
  package var root: TreeHash { foldFromRight(subtrees) }
}

extension Int {
  fileprivate var trailingOneBitCount: Int { (~self).trailingZeroBitCount }
}
