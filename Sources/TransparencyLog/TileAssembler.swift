/// Builds the tiles of a tree while its leaves pass by: at most 256 hashes per level are kept.
package struct TileAssembler: Sendable {
  /// A tile with its hashes.
  package struct Tile: Sendable {
    package let path: TilePath
    package let hashes: [TreeHash]

    package var content: [UInt8] { hashes.flatMap(\.bytes) }
  }

  package private(set) var frontier = Frontier()
  /// The hashes of the unfinished tile of each level.
  private var rows: [[TreeHash]] = []

  /// Begins with the empty tree.
  package init() {}

  /// Goes on after the leaves that a reader's tiles hold.
  package init(size: Int, reader: some HashReader) throws {
    frontier = try Frontier(size: size, reader: reader)
    rows = try (0..<TileLayout.levelCount(size)).map { level in
      let count = size >> (8 * level)
      let first = count / TilePath.fullWidth * TilePath.fullWidth
      return try reader.hashes(
        at: (first..<count).map { NodePosition(level: 8 * level, index: $0).storageIndex })
    }
  }

  package var size: Int { frontier.size }

  /// Adds a leaf; returns the nodes' hashes in storage order, and the tiles that are now full.
  package mutating func append(_ leaf: TreeHash) -> (stored: [TreeHash], full: [Tile]) {
    let stored = frontier.append(leaf)
    var full: [Tile] = []
    for (level, hash) in stride(from: 0, to: stored.count, by: 8).map({ stored[$0] }).enumerated() {
      if level == rows.count { rows.append([]) }
      rows[level].append(hash)
      guard rows[level].count == TilePath.fullWidth else { continue }
      let index = size >> (8 * (level + 1)) - 1
      full.append(
        Tile(
          path: TilePath(unchecked: .hashes(level: level), index, TilePath.fullWidth),
          hashes: rows[level]))
      rows[level] = []
    }
    return (stored, full)
  }

  /// The unfinished tiles on the right, lower levels first.
  package var partials: [Tile] {
    rows.indices.compactMap { level in
      guard !rows[level].isEmpty else { return nil }
      let index = size >> (8 * (level + 1))
      return Tile(
        path: TilePath(unchecked: .hashes(level: level), index, rows[level].count),
        hashes: rows[level])
    }
  }
}
