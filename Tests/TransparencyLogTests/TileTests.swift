import Testing

@testable import TransparencyLog

@Suite struct TileTests {
  /// Sizes around the places where tiles and levels begin and end.
  static let sizes = [
    0, 1, 2, 3, 7, 100, 254, 255, 256, 257, 258, 511, 512, 513, 1000, 1023, 1025, 4095, 65_279,
    65_280, 65_281, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793, 66_000,
  ]

  /// A tree of 66,000 leaves, in tiles and as it is stored otherwise.
  struct Tiled {
    var tiles: [TilePath: [UInt8]] = [:]
    var stored = StoredHashes()
    var roots: [Int: TreeHash] = [:]
    var leaves: [TreeHash] = []

    init(_ count: Int) {
      var assembler = TileAssembler()
      roots[0] = assembler.frontier.root
      for index in 0..<count {
        let leaf = TreeHash.leaf(withUnsafeBytes(of: index) { Array($0) })
        leaves.append(leaf)
        let (new, full) = assembler.append(leaf)
        stored.append(contentsOf: new)
        for tile in full { tiles[tile.path] = tile.content }
        guard TileTests.sizes.contains(index + 1) else { continue }
        for tile in assembler.partials { tiles[tile.path] = tile.content }
        roots[index + 1] = assembler.frontier.root
      }
    }
  }

  static let tiled = Tiled(66_000)

  private func reader(_ size: Int) -> TileHashReader {
    TileHashReader(size: size) { try #require(Self.tiled.tiles[$0], "no \($0)") }
  }

  @Test func `the root over tiles is the recursive definition's`() throws {
    for size in Self.sizes {
      let root = try Frontier(size: size, reader: reader(size)).root
      #expect(root == TreeReference.root(Self.tiled.leaves[..<size]), "\(size) leaves")
      #expect(root == Self.tiled.roots[size], "\(size) leaves")
    }
  }

  @Test func `proofs read from tiles are those read from the store`() throws {
    for size in Self.sizes.dropFirst() {
      for leaf in Set([0, size / 3, size / 2, size - 1, min(256, size - 1)]) {
        #expect(
          try InclusionProof.prove(leafIndex: leaf, treeSize: size, reader: reader(size))
            == InclusionProof.prove(leafIndex: leaf, treeSize: size, reader: Self.tiled.stored))
      }
      for old in Self.sizes.dropFirst() where old <= size {
        #expect(
          try ConsistencyProof.prove(oldSize: old, newSize: size, reader: reader(size))
            == ConsistencyProof.prove(oldSize: old, newSize: size, reader: Self.tiled.stored))
      }
    }
  }

  @Test func `the tiles of a tree are the format's example's`() {
    let paths = Array(TileLayout.tiles(to: 70_000))
    let count = { (kind: TilePath.Kind, isPartial: Bool) in
      paths.count { $0.kind == kind && $0.isPartial == isPartial }
    }
    for kind in [TilePath.Kind.hashes(level: 0), .entries] {
      #expect(count(kind, false) == 273)
      #expect(count(kind, true) == 1)
    }
    #expect(count(.hashes(level: 1), false) == 1)
    #expect(
      TileLayout.partialTiles(of: 70_000).map(String.init(describing:)) == [
        "tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
      ])
    #expect(paths.count == 2 * 274 + 2 + 1)
    #expect(
      TileLayout.tiles(to: 256).map(String.init(describing:)) == [
        "tile/entries/000", "tile/0/000", "tile/1/000.p/1",
      ])
    #expect(Array(TileLayout.tiles(to: 0)).isEmpty)
  }

  @Test func `what growth adds is what one tree has and the other has not`() {
    for (index, old) in Self.sizes.enumerated() {
      for new in Self.sizes[index...] {
        let added = Set(TileLayout.tiles(from: old, to: new))
        #expect(added == Set(TileLayout.tiles(to: new)).subtracting(TileLayout.tiles(to: old)))
      }
    }
  }

  @Test func `tiles from the store are those built while leaves pass by`() throws {
    for size in Self.sizes {
      for path in TileLayout.tiles(to: size) where path.kind != .entries {
        #expect(try path.content(from: Self.tiled.stored) == Self.tiled.tiles[path])
      }
    }
  }

  @Test func `assembling goes on from the tiles of an earlier tree`() throws {
    for size in Self.sizes where size < 66_000 {
      var assembler = try TileAssembler(size: size, reader: reader(size))
      #expect(assembler.frontier.root == Self.tiled.roots[size])
      #expect(
        assembler.partials.map(\.path)
          == TileLayout.partialTiles(of: size).filter {
            $0.kind != .entries
          })
      for leaf in Self.tiled.leaves[size..<min(size + 300, 66_000)] {
        for tile in assembler.append(leaf).full {
          #expect(tile.content == Self.tiled.tiles[tile.path])
        }
      }
    }
  }

  @Test func `the edge of a tree is all that its root needs`() throws {
    for size in Self.sizes {
      let edge = TileLayout.edge(of: size, in: 66_000)
      #expect(edge.count <= 3)
      let reader = TileHashReader(size: 66_000) { path in
        #expect(edge.contains(path))
        return try #require(Self.tiled.tiles[path])
      }
      #expect(try Frontier(size: size, reader: reader).root == Self.tiled.roots[size])
    }
  }

  @Test func `a tile of another size is refused`() throws {
    let path = try #require(TilePath(.hashes(level: 0), index: 3, width: 5))
    for count in [0, 31, 5 * 32 - 1, 5 * 32 + 1, 8192] {
      let error = #expect(throws: TileError.self) {
        try path.decode([UInt8](repeating: 0, count: count))
      }
      #expect(
        error?.description == "tile/0/003.p/5: size: found \(count) bytes, expected 160")
    }
    #expect(throws: TileError.self) {
      try Frontier(size: 5, reader: TileHashReader(size: 5) { _ in [1, 2, 3] })
    }
    #expect(throws: MissingHash.self) {
      try Frontier(
        size: 6, reader: TileHashReader(size: 5) { _ in [UInt8](repeating: 0, count: 160) })
    }
  }

  @Test func `every changed byte of a tile changes the root`() throws {
    let paths = TileLayout.edge(of: 1000, in: 1000)
    for path in paths {
      let content = try #require(Self.tiled.tiles[path])
      for index in stride(from: 0, to: content.count, by: 97) {
        let reader = TileHashReader(size: 1000) { other in
          var bytes = try #require(Self.tiled.tiles[other])
          if other == path { bytes[index] ^= 1 }
          return bytes
        }
        // The edge reads all of a partial tile.
        #expect(try Frontier(size: 1000, reader: reader).root != Self.tiled.roots[1000])
      }
    }
  }

  @Test func `storage indexes lead back to their nodes`() {
    for index in 0..<3000 {
      #expect(NodePosition(storageIndex: index).storageIndex == index)
    }
    for node in [
      NodePosition(level: 0, index: 1 << 40), NodePosition(level: 40, index: 3),
      NodePosition(level: 17, index: 12_345),
    ] {
      #expect(NodePosition(storageIndex: node.storageIndex) == node)
    }
  }
}
