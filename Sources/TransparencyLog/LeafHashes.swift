import Crypto

/// The hashes of a small tree's leaves side by side: its root without memory for each node.
package struct LeafHashes {
  private var hashes: [UInt8] = []

  package init(capacity: Int) {
    hashes.reserveCapacity(capacity * TreeHash.byteCount)
  }

  /// Adds the leaf of an entry.
  package mutating func append(entry: UnsafeRawBufferPointer) {
    Self.digest(0x00, entry).withUnsafeBytes { hashes.append(contentsOf: $0) }
  }

  /// The Merkle tree head of RFC 6962.
  ///
  /// Level by level, a node without a sibling goes up as it is: the same tree as the one that splits
  /// at the largest power of two.
  package consuming func root() -> TreeHash {
    let size = TreeHash.byteCount
    var count = hashes.count / size
    guard count > 0 else { return .emptyTree }
    hashes.withUnsafeMutableBytes { nodes in
      while count > 1 {
        for pair in 0..<count / 2 {
          let children = UnsafeRawBufferPointer(
            rebasing: nodes[2 * pair * size..<2 * (pair + 1) * size])
          Self.digest(0x01, children).withUnsafeBytes {
            nodes[pair * size..<(pair + 1) * size].copyBytes(from: $0)
          }
        }
        if count % 2 == 1 {
          nodes[count / 2 * size..<(count / 2 + 1) * size]
            .copyBytes(from: nodes[(count - 1) * size..<count * size])
        }
        count = (count + 1) / 2
      }
    }
    guard let root = TreeHash(bytes: hashes.prefix(size)) else {
      preconditionFailure("a hash of another length")
    }
    return root
  }

  private static func digest(_ prefix: UInt8, _ data: UnsafeRawBufferPointer) -> SHA256Digest {
    var hasher = SHA256()
    withUnsafeBytes(of: prefix) { hasher.update(bufferPointer: $0) }
    hasher.update(bufferPointer: data)
    return hasher.finalize()
  }
}
