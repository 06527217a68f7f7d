import TransparencyLog

/// The tree of RFC 6962 over the public parts of a batch, in their order.
enum BatchTree {
  static func root(of parts: [[UInt8]]) -> TreeHash {
    var leaves = LeafHashes(capacity: parts.count)
    for part in parts { part.withUnsafeBytes { leaves.append(entry: $0) } }
    return leaves.root()
  }

  /// The hashes beside the way from a part up to the root, at most ten for a full batch.
  static func path(to index: Int, in parts: [[UInt8]]) throws -> [TreeHash] {
    var (frontier, stored) = (Frontier(), StoredHashes())
    for part in parts { stored.append(contentsOf: frontier.append(.leaf(part))) }
    return try InclusionProof.prove(leafIndex: index, treeSize: parts.count, reader: stored).path
  }
}
