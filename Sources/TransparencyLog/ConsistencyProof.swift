/// Evidence that a tree only grew: the consistency proof of RFC 6962 section 2.1.2.
package struct ConsistencyProof: Equatable, Sendable {
  package var oldSize: UInt64
  package var newSize: UInt64
  package var path: [TreeHash]

  package init(oldSize: UInt64, newSize: UInt64, path: [TreeHash]) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.path = path
  }

  /// Reads O(log n) stored hashes.
  ///
  /// The proof is empty when the sizes are equal.
  package static func prove(
    oldSize: Int, newSize: Int, reader: some HashReader
  ) throws -> ConsistencyProof {
    precondition(oldSize > 0 && oldSize <= newSize)
    let ranges = path(oldSize, in: LeafRange(lower: 0, upper: newSize))
    return ConsistencyProof(
      oldSize: UInt64(oldSize), newSize: UInt64(newSize), path: try reader.hashes(of: ranges))
  }

  /// Whether the tree with the new root begins with the tree with the old root.
  ///
  /// An empty old tree is refused, as the public test vectors ask: nothing would be checked.
  package func check(oldRoot: TreeHash, newRoot: TreeHash) -> ProofVerdict {
    guard oldSize <= newSize else {
      return .invalid(reason: "old size is \(oldSize), expected at most \(newSize)")
    }
    guard oldSize > 0 else {
      return .invalid(
        reason: "old size is 0, expected at least 1: every tree extends the empty one")
    }
    guard oldSize < newSize else {
      guard oldRoot == newRoot else {
        return .invalid(reason: "two roots at size \(oldSize): \(oldRoot) and \(newRoot)")
      }
      return path.isEmpty
        ? .valid : .invalid(reason: "consistency proof has \(path.count) hashes, expected 0")
    }
    return checkGrowth(oldRoot: oldRoot, newRoot: newRoot)
  }

  private func checkGrowth(oldRoot: TreeHash, newRoot: TreeHash) -> ProofVerdict {
    // The proof starts at the largest perfect subtree that ends the old tree. When the old tree
    // is perfect that subtree is the old root itself, which the proof leaves out.
    let level = oldSize.trailingZeroBitCount
    let shape = PathShape(leafIndex: oldSize - 1, treeSize: newSize)
    let oldIsPerfect = oldSize == 1 << UInt64(level)
    let inner = shape.inner - level
    let expected = inner + shape.border + (oldIsPerfect ? 0 : 1)
    guard path.count == expected else {
      return .invalid(
        reason: "consistency proof has \(path.count) hashes, expected \(expected)")
    }
    let seed = oldIsPerfect ? oldRoot : path[0]
    let climb = path.dropFirst(oldIsPerfect ? 0 : 1)
    let directions = (oldSize - 1) >> UInt64(level)
    let border = climb.dropFirst(inner)

    let old = chainBorder(chainLeft(seed, climb.prefix(inner), directions: directions), border)
    guard old == oldRoot else {
      return .invalid(reason: "consistency proof leads to old root \(old), expected \(oldRoot)")
    }
    let new = chainBorder(chain(seed, climb.prefix(inner), directions: directions), border)
    guard new == newRoot else {
      return .invalid(reason: "consistency proof leads to new root \(new), expected \(newRoot)")
    }
    return .valid
  }

  /// SUBPROOF(m, D[n], true) of the RFC, written from the top of the tree to the bottom.
  private static func path(_ oldSize: Int, in tree: LeafRange) -> [LeafRange] {
    var path: [LeafRange] = []
    var range = tree
    while oldSize < range.upper {
      let left = LeafRange(lower: range.lower, upper: range.split)
      let right = LeafRange(lower: range.split, upper: range.upper)
      path.append(oldSize <= range.split ? right : left)
      range = oldSize <= range.split ? left : right
    }
    if range.lower > 0 { path.append(range) }
    return path.reversed()
  }
}

/// Climbs through left siblings only: what the old tree saw of the path.
private func chainLeft(
  _ seed: TreeHash, _ siblings: ArraySlice<TreeHash>, directions: UInt64
) -> TreeHash {
  var hash = seed
  for (level, sibling) in siblings.enumerated() where directions >> UInt64(level) & 1 == 1 {
    hash = .node(sibling, hash)
  }
  return hash
}
