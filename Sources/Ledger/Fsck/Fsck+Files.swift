import Corpus
import TransparencyLog

/// Tiles and bundles against what they should be.
extension Fsck {
  /// The content of a tile; a full tile stands for a partial one that is gone.
  func read(_ path: TilePath) -> (path: TilePath, bytes: [UInt8])? {
    do throws(FileError) {
      for path in path.isPartial ? [path, path.full] : [path] {
        guard let bytes = try folder.read(path) else { continue }
        summary.files += 1
        return (path, bytes)
      }
      differ(name(of: path), "file", found: "none", expected: "a tile of \(path.width)")
    } catch {
      differ(name(of: path), "file", found: "\(error)", expected: "a file that can be read")
    }
    return nil
  }

  /// The hashes of a tile, as many as its path says.
  func hashes(_ path: TilePath) -> [TreeHash]? {
    read(path).flatMap { content in
      reporting(path) { () throws(TileError) in
        Array(try content.path.decode(content.bytes).prefix(path.width))
      }
    }
  }

  func reporting<Value>(_ path: TilePath, _ body: () throws(TileError) -> Value) -> Value? {
    do throws(TileError) {
      return try body()
    } catch {
      differ(name(of: path), error.field, found: error.found, expected: error.expected)
      return nil
    }
  }

  /// Compares a tile's file with the hashes that it should have.
  func check(_ tile: TileAssembler.Tile) {
    guard let found = hashes(tile.path) else { return }
    for (index, hash) in tile.hashes.enumerated() where found[index] != hash {
      // One difference per file: the first.
      return differ(
        name(of: tile.path), "hash \(index)", found: "\(found[index])", expected: "\(hash)")
    }
  }

  /// The unfinished tiles of the published tree, and their earlier versions, which checkpoints of
  /// earlier sizes refer to.
  func checkRightEdge(
    _ assembler: TileAssembler, entries: [[UInt8]], _ connection: any SQLConnection
  ) throws {
    for tile in assembler.partials {
      if tile.path.level > 0 { check(tile) }
      try checkVersions(of: tile.path, connection) { width in
        tile.hashes.prefix(width).flatMap(\.bytes)
      }
    }
    let width = assembler.size % TilePath.fullWidth
    let index = assembler.size / TilePath.fullWidth
    guard let bundle = TilePath(.entries, index: index, width: width) else { return }
    try checkVersions(of: bundle, connection) { width in
      EntryBundle.encode(Array(entries.prefix(width)))
    }
  }

  private func checkVersions(
    of tile: TilePath, _ connection: any SQLConnection, content: (Int) -> [UInt8]
  ) throws {
    let present = folder.partialWidths(of: tile)
    for path in try LedgerStore.publishedPartials(of: tile, connection)
    where path != tile && !present.contains(path.width) && !folder.holds(tile.full) {
      differ(
        name(of: path), "file", found: "none", expected: "a tile that a checkpoint refers to")
    }
    // Wider ones belong to a tree that is not published yet.
    for width in present where width < tile.width {
      guard let path = TilePath(tile.kind, index: tile.index, width: width),
        let found = read(path), found.bytes != content(width), found.path == path
      else { continue }
      differ(
        name(of: path), "content", found: "other bytes",
        expected: "the first \(width) of \(tile)")
    }
  }
}
