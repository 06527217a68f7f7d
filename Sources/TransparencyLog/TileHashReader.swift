/// Hashes of a tree, read from its tiles.
///
/// The hashes are worth what the tiles are worth: compare the root that they lead to with a signed
/// one before believing them.
package struct TileHashReader: HashReader {
  private let size: Int
  private let load: (TilePath) throws -> [UInt8]

  /// Reads the tiles of the tree of that size with `load`, each once per call.
  package init(size: Int, load: @escaping (TilePath) throws -> [UInt8]) {
    self.size = size
    self.load = load
  }

  package func hashes(at indexes: [Int]) throws -> [TreeHash] {
    var tiles: [TilePath: [TreeHash]] = [:]
    return try indexes.map { storageIndex in
      let node = NodePosition(storageIndex: storageIndex)
      guard (node.index + 1) << node.level <= size else {
        throw MissingHash(
          index: storageIndex, stored: NodePosition.storedCount(leaves: size))
      }
      let path = TileLayout.tile(holding: node, size: size)
      let hashes = try tiles[path] ?? path.decode(try load(path))
      tiles[path] = hashes
      let height = node.level % 8
      let first = node.index << height % TilePath.fullWidth
      return perfectRoot(hashes[first..<first + 1 << height])
    }
  }
}

extension TilePath {
  /// The hashes of a tile, of which there have to be as many as its width says.
  package func decode(_ bytes: [UInt8]) throws(TileError) -> [TreeHash] {
    guard bytes.count == width * TreeHash.byteCount else {
      throw TileError(
        self, field: "size", found: "\(bytes.count) bytes",
        expected: "\(width * TreeHash.byteCount)")
    }
    return (0..<width).compactMap { index in
      TreeHash(bytes: bytes[index * TreeHash.byteCount..<(index + 1) * TreeHash.byteCount])
    }
  }

  /// The content of a tile of hashes, from any store of the tree.
  package func content(from reader: some HashReader) throws -> [UInt8] {
    precondition(kind != .entries)
    let positions = (0..<width).map {
      NodePosition(level: 8 * level, index: index * Self.fullWidth + $0).storageIndex
    }
    return try reader.hashes(at: positions).flatMap(\.bytes)
  }
}

extension NodePosition {
  /// The node that is stored at an index: the inverse of ``storageIndex``.
  package init(storageIndex: Int) {
    precondition(storageIndex >= 0)
    // n leaves store at most 2n hashes, so the search begins at most 64 leaves too early.
    var leaf = storageIndex / 2
    while NodePosition.storedCount(leaves: leaf + 1) <= storageIndex { leaf += 1 }
    let level = storageIndex - NodePosition.storedCount(leaves: leaf)
    self.init(level: level, index: (leaf + 1) >> level - 1)
  }
}

/// The root over a power of two of hashes.
private func perfectRoot(_ hashes: ArraySlice<TreeHash>) -> TreeHash {
  var row = Array(hashes)
  while row.count > 1 {
    row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) }
  }
  return row[0]
}
