import Corpus
import Foundation
import TransparencyLog

/// The walk over all leaves, from left to right.
extension Fsck {
  func checkLog(_ connection: any SQLConnection, published: Int, totals: CreditTotals) throws {
    var assembler = TileAssembler()
    var checkpoints = try CheckpointWalk(connection, fsck: self)
    var rows = PagedRows(
      connection,
      """
      SELECT position, agent, sequence, hash, header, payload, logged, agent_bytes FROM entries
      """, by: ["position"], limit: 16)
    var copies = Copies()
    try checkpoints.reach(assembler.frontier)
    while let row = try rows.next() {
      let position = assembler.size
      guard try row.integer("position") == position else {
        differ(
          databaseName, "entries", found: "position \(try row.integer("position"))",
          expected: "\(position)")
        break
      }
      if position < published, position % TilePath.fullWidth == 0 {
        copies = readCopies(from: position, size: published)
      }
      let header = try row.bytes("header")
      if position == published { copies = Copies() }
      let leaf = agreed(header, &copies, position: position)
      try checkRow(row, header: header, totals: totals, connection)
      let (stored, full) = assembler.append(leaf)
      try checkStored(stored, leaf: position, connection)
      if assembler.size <= published { for tile in full where tile.path.level > 0 { check(tile) } }
      try checkpoints.reach(assembler.frontier)
      if assembler.size == published {
        try checkRightEdge(assembler, entries: copies.entries, connection)
      }
      summary.leaves += 1
    }
    summary.published = published
    if assembler.size < published {
      differ(
        databaseName, "entries", found: "\(assembler.size)",
        expected: "at least the \(published) of the checkpoint")
    }
    try checkpoints.finish()
    check(
      databaseName, "hashes", try connection.integer("SELECT count(*) FROM hashes"),
      NodePosition.storedCount(leaves: assembler.size))
  }

  /// A bundle and the tile of its hashes, as far as they can be read.
  struct Copies {
    var bundle: [[UInt8]]?
    var bundlePath = ""
    var hashes: [TreeHash]?
    var tilePath = ""
    /// One difference is reported per file.
    var isBundleReported = false
    var isTileReported = false
    /// The leaves of this bundle that were agreed on.
    var entries: [[UInt8]] = []
  }

  private func readCopies(from position: Int, size: Int) -> Copies {
    let width = min(TilePath.fullWidth, size - position)
    let index = position / TilePath.fullWidth
    var copies = Copies()
    if let path = TilePath(.entries, index: index, width: width) {
      copies.bundlePath = name(of: path)
      copies.bundle = read(path).flatMap { content in
        reporting(path) { () throws(TileError) in
          Array(try EntryBundle.decode(content.bytes, at: content.path).prefix(width))
        }
      }
    }
    if let path = TilePath(.hashes(level: 0), index: index, width: width) {
      copies.tilePath = name(of: path)
      copies.hashes = hashes(path)
    }
    return copies
  }

  /// What two of the three copies of an entry say; reports the third, once per file.
  private func agreed(_ header: [UInt8], _ copies: inout Copies, position: Int) -> TreeHash {
    let index = copies.entries.count
    let stored = TreeHash.leaf(header)
    let bundled = copies.bundle.map { TreeHash.leaf($0[index]) }
    let tiled = copies.hashes?[index]
    let leaf = bundled == tiled ? bundled ?? stored : stored
    copies.entries.append(bundled == leaf ? copies.bundle?[index] ?? header : header)
    check(
      databaseName, "entries[\(position)].header", stored, leaf)
    if let bundled, bundled != leaf, !copies.isBundleReported {
      copies.isBundleReported = true
      differ(copies.bundlePath, "entry \(index)", found: "\(bundled)", expected: "\(leaf)")
    }
    if let tiled, tiled != leaf, !copies.isTileReported {
      copies.isTileReported = true
      differ(copies.tilePath, "hash \(index)", found: "\(tiled)", expected: "\(leaf)")
    }
    return leaf
  }

  private func checkStored(_ hashes: [TreeHash], leaf: Int, _ connection: any SQLConnection) throws
  {
    let first = NodePosition.storedCount(leaves: leaf)
    let found = try connection.rows(
      "SELECT hash FROM hashes WHERE position >= $1 AND position < $2 ORDER BY position",
      [.integer(first), .integer(first + hashes.count)]
    ).map { try $0.bytes("hash") }
    for (offset, hash) in hashes.enumerated() {
      let stored = found.count > offset ? found[offset] : nil
      guard stored != hash.bytes else { continue }
      differ(
        databaseName, "hashes[\(first + offset)]", found: stored.map(Hex.encode) ?? "none",
        expected: "\(hash)")
    }
  }
}

/// The signed checkpoints in the database, met in the order of their sizes.
private struct CheckpointWalk {
  private var rows: PagedRows
  private let fsck: Fsck
  private var row: SQLRow?

  init(_ connection: any SQLConnection, fsck: Fsck) throws {
    self.fsck = fsck
    rows = PagedRows(connection, "SELECT size, note FROM checkpoints", by: ["size"])
    row = try rows.next()
  }

  /// Compares the checkpoint of this size, if there is one, with the tree.
  mutating func reach(_ frontier: Frontier) throws {
    guard let current = row, try current.integer("size") == frontier.size else { return }
    let field = "checkpoints[\(frontier.size)]"
    do {
      let note = try SignedNote(encoded: Array(current.text("note").utf8))
      switch Checkpoint.verify(note, by: fsck.verifier) {
      case .invalid(let reason):
        fsck.differ(
          fsck.databaseName, "\(field).note", found: reason,
          expected: "a signature by \(fsck.verifier.vkey)")
      case .valid(let checkpoint):
        fsck.check(fsck.databaseName, "\(field).size", checkpoint.size, UInt64(frontier.size))
        fsck.check(fsck.databaseName, "\(field).root", checkpoint.root, frontier.root)
      }
    } catch let error as NoteError {
      fsck.differ(
        fsck.databaseName, "\(field).\(error.field)", found: error.found,
        expected: error.expected)
    }
    row = try rows.next()
  }

  /// Reports checkpoints of trees that are larger than the log.
  mutating func finish() throws {
    while let current = row {
      fsck.differ(
        fsck.databaseName, "checkpoints[\(try current.integer("size"))]", found: "a checkpoint",
        expected: "none above the number of entries")
      row = try rows.next()
    }
  }
}
