/// Evidence that a leaf is in a tree: the audit path of RFC 6962 section 2.1.1.
package struct InclusionProof: Equatable, Sendable {
  package var leafIndex: UInt64
  package var treeSize: UInt64
  package var path: [TreeHash]

  package init(leafIndex: UInt64, treeSize: UInt64, path: [TreeHash]) {
    self.leafIndex = leafIndex
    self.treeSize = treeSize
    self.path = path
  }

  /// Reads O(log n) stored hashes.
  ///
  /// The leaf has to be in the tree.
  package static func prove(
    leafIndex: Int, treeSize: Int, reader: some HashReader
  ) throws -> InclusionProof {
    precondition(leafIndex >= 0 && leafIndex < treeSize)
    let ranges = siblings(of: leafIndex, in: LeafRange(lower: 0, upper: treeSize))
    return InclusionProof(
      leafIndex: UInt64(leafIndex), treeSize: UInt64(treeSize),
      path: try reader.hashes(of: ranges))
  }

  /// Whether the path leads from the leaf to the root.
  package func check(leaf: TreeHash, root: TreeHash) -> ProofVerdict {
    guard leafIndex < treeSize else {
      return .invalid(reason: "leaf index is \(leafIndex), expected one below \(treeSize)")
    }
    let shape = PathShape(leafIndex: leafIndex, treeSize: treeSize)
    guard path.count == shape.count else {
      return .invalid(
        reason: "inclusion proof has \(path.count) hashes, expected \(shape.count)")
    }
    var hash = chain(leaf, path.prefix(shape.inner), directions: leafIndex)
    hash = chainBorder(hash, path.dropFirst(shape.inner))
    guard hash == root else {
      return .invalid(reason: "inclusion proof leads to root \(hash), expected \(root)")
    }
    return .valid
  }

  /// The sibling subtrees from the leaf up to the root.
  private static func siblings(of leaf: Int, in tree: LeafRange) -> [LeafRange] {
    var path: [LeafRange] = []
    var range = tree
    while range.count > 1 {
      let left = LeafRange(lower: range.lower, upper: range.split)
      let right = LeafRange(lower: range.split, upper: range.upper)
      path.append(leaf < range.split ? right : left)
      range = leaf < range.split ? left : right
    }
    return path.reversed()
  }
}

/// How a path splits into the part inside the last perfect subtree shared with the tree's right
/// edge, and the part along that edge, where every sibling is on the left.
struct PathShape {
  let inner: Int
  let border: Int

  init(leafIndex: UInt64, treeSize: UInt64) {
    let differing = leafIndex ^ (treeSize - 1)
    inner = UInt64.bitWidth - differing.leadingZeroBitCount
    border = inner < UInt64.bitWidth ? (leafIndex >> UInt64(inner)).nonzeroBitCount : 0
  }

  var count: Int { inner + border }
}

/// Climbs from `seed`; bit i of `directions` says that the i-th sibling is on the left.
func chain(
  _ seed: TreeHash, _ siblings: ArraySlice<TreeHash>, directions: UInt64
) -> TreeHash {
  var hash = seed
  for (level, sibling) in siblings.enumerated() {
    let siblingIsLeft = directions >> UInt64(level) & 1 == 1
    hash = siblingIsLeft ? .node(sibling, hash) : .node(hash, sibling)
  }
  return hash
}

/// Climbs along the right edge of the tree.
func chainBorder(_ seed: TreeHash, _ siblings: ArraySlice<TreeHash>) -> TreeHash {
  siblings.reduce(seed) { .node($1, $0) }
}
