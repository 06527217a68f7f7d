/// Stored hashes of a tree, addressed by ``NodePosition/storageIndex``.
package protocol HashReader {
  /// The hashes at those indexes, in that order; throws when one is missing or unreadable.
  func hashes(at indexes: [Int]) throws -> [TreeHash]
}

/// Hashes kept in memory, in storage order.
package struct StoredHashes: HashReader, Sendable {
  package private(set) var hashes: [TreeHash] = []

  package init() {}

  package mutating func append(contentsOf new: [TreeHash]) {
    hashes.append(contentsOf: new)
  }

  package func hashes(at indexes: [Int]) throws -> [TreeHash] {
    try indexes.map { index in
      guard hashes.indices.contains(index) else {
        throw MissingHash(index: index, stored: hashes.count)
      }
      return hashes[index]
    }
  }
}

/// A hash that a proof needs is not in the store.
package struct MissingHash: Error, CustomStringConvertible {
  package let index: Int
  package let stored: Int

  package init(index: Int, stored: Int) {
    self.index = index
    self.stored = stored
  }

  package var description: String {
    "hash \(index) is not stored; expected an index below \(stored)"
  }
}

extension HashReader {
  /// One hash per range, with a single read of the store.
  func hashes(of ranges: [LeafRange]) throws -> [TreeHash] {
    let subtrees = ranges.map(\.subtrees)
    var found = try hashes(at: subtrees.joined().map(\.storageIndex))[...]
    return subtrees.map { positions in
      let parts = found.prefix(positions.count)
      found = found.dropFirst(positions.count)
      return foldFromRight(parts)
    }
  }
}

/// The hash over subtrees that get smaller to the right; the root of no subtree is the empty tree's.
func foldFromRight(_ parts: some BidirectionalCollection<TreeHash>) -> TreeHash {
  guard var folded = parts.last else { return .emptyTree }
  for part in parts.dropLast().reversed() { folded = .node(part, folded) }
  return folded
}
