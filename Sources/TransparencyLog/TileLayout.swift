/// Which tiles a tree of some size has.
package enum TileLayout {
  /// The tiles and bundles that a tree has and one of an earlier size had not, lower levels first.
  ///
  /// Computed one at a time: a tree of 2^30 leaves has 8 million of them.
  package static func tiles(from old: Int = 0, to new: Int) -> some Sequence<TilePath> {
    let entries = tiles(.entries, from: old, to: new)
    let levels = (0..<levelCount(new)).lazy.flatMap {
      tiles(.hashes(level: $0), from: old, to: new)
    }
    return [AnySequence(entries), AnySequence(levels)].lazy.joined()
  }

  /// The last tile of each level and the last bundle, as far as they are partial.
  package static func partialTiles(of size: Int) -> [TilePath] {
    let kinds = [.entries] + (0..<levelCount(size)).map { TilePath.Kind.hashes(level: $0) }
    return kinds.compactMap { kind in
      let count = size >> (8 * kind.level)
      let width = count % TilePath.fullWidth
      return width == 0 ? nil : TilePath(unchecked: kind, count / TilePath.fullWidth, width)
    }
  }

  /// The number of levels with at least one hash.
  package static func levelCount(_ size: Int) -> Int {
    size == 0 ? 0 : (Int.bitWidth - 1 - size.leadingZeroBitCount) / 8 + 1
  }

  /// The tile in which a tree keeps a node's hash, or the hashes right below the node.
  package static func tile(holding node: NodePosition, size: Int) -> TilePath {
    let level = node.level / 8
    let index = node.index << (node.level % 8) / TilePath.fullWidth
    let width = min(TilePath.fullWidth, size >> (8 * level) - index * TilePath.fullWidth)
    precondition(width > 0, "the node is not in the tree")
    return TilePath(unchecked: .hashes(level: level), index, width)
  }

  /// The tiles that the hashes of the right edge of a tree are in, read from a larger tree.
  ///
  /// They suffice for ``Frontier/init(size:reader:)`` and so for the root of the smaller tree.
  package static func edge(of size: Int, in larger: Int) -> Set<TilePath> {
    Set(LeafRange(lower: 0, upper: size).subtrees.map { tile(holding: $0, size: larger) })
  }

  private static func tiles(
    _ kind: TilePath.Kind, from old: Int, to new: Int
  ) -> some Sequence<TilePath> {
    let (before, count) = (old >> (8 * kind.level), new >> (8 * kind.level))
    let first = before / TilePath.fullWidth
    let end = before == count ? first : (count + TilePath.fullWidth - 1) / TilePath.fullWidth
    return (first..<end).lazy.map { index in
      TilePath(
        unchecked: kind, index, min(TilePath.fullWidth, count - index * TilePath.fullWidth))
    }
  }
}

extension TilePath.Kind {
  fileprivate var level: Int {
    if case .hashes(let level) = self { level } else { 0 }
  }
}
