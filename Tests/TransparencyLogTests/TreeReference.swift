@testable import TransparencyLog

/// RFC 6962 section 2.1 written down as it stands there: recursive, without storage.
enum TreeReference {
  static func root(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
    guard leaves.count > 1 else { return leaves.first ?? .emptyTree }
    let (left, right) = halves(leaves)
    return .node(root(left), root(right))
  }

  static func inclusionPath(_ index: Int, _ leaves: ArraySlice<TreeHash>) -> [TreeHash] {
    guard leaves.count > 1 else { return [] }
    let (left, right) = halves(leaves)
    return index < left.endIndex
      ? inclusionPath(index, left) + [root(right)]
      : inclusionPath(index, right) + [root(left)]
  }

  static func consistencyPath(_ size: Int, _ leaves: ArraySlice<TreeHash>) -> [TreeHash] {
    subproof(size, leaves, isWholeTree: true)
  }

  private static func subproof(
    _ size: Int, _ leaves: ArraySlice<TreeHash>, isWholeTree: Bool
  ) -> [TreeHash] {
    if size == leaves.count { return isWholeTree ? [] : [root(leaves)] }
    let (left, right) = halves(leaves)
    if size <= left.count {
      return subproof(size, left, isWholeTree: isWholeTree) + [root(right)]
    }
    return subproof(size - left.count, right, isWholeTree: false) + [root(left)]
  }

  private static func halves(
    _ leaves: ArraySlice<TreeHash>
  ) -> (ArraySlice<TreeHash>, ArraySlice<TreeHash>) {
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    return (leaves.prefix(half), leaves.dropFirst(half))
  }
}

/// Leaves 0..<count and what a log stores for them.
func makeTree(_ count: Int) -> (leaves: [TreeHash], stored: StoredHashes, frontier: Frontier) {
  let leaves = (0..<count).map { TreeHash.leaf(Array("leaf \($0)".utf8)) }
  var stored = StoredHashes()
  var frontier = Frontier()
  for leaf in leaves { stored.append(contentsOf: frontier.append(leaf)) }
  return (leaves, stored, frontier)
}
