import Corpus
import Foundation
import NIOPosix
import TransparencyLog

/// From the committed tree to what the world sees, in this order: tiles and bundles durable, the
/// checkpoint committed, the checkpoint's file replaced. Only then receipts are answered.
extension LedgerStore {
  /// Tiles in one durable step.
  private static let filesAtOnce = 64

  /// Brings the public files in line with the database, whatever instant a process ended at, and
  /// publishes what was integrated and not published; returns the size of the tree.
  @discardableResult
  package func recover() async throws -> Int {
    let published = try await database.read { connection in
      try self.checkPublishedFile(connection)
      return try self.treeSize(connection)
    }
    try await offload { try self.publicFolder.prepare() }
    try await restoreFiles(size: published)
    return try await publish()
  }

  /// Publishes the integrated tree, if a checkpoint of it is not public yet; returns its size.
  @discardableResult
  func publish() async throws -> Int {
    let (note, published, frontier) = try await database.read { connection in
      let note = try self.checkpointNote(connection, size: nil)
      let frontier = try Frontier(
        size: self.integratedSize(connection), reader: DatabaseHashes(connection: connection))
      return (note, try self.treeSize(connection), frontier)
    }
    if let note, published == frontier.size {
      let note = try await cosignAgain(note, size: published)
      try await publishFile(note, size: published)
      return published
    }
    try await writeTiles(TileLayout.tiles(from: published, to: frontier.size))
    let signed = await cosign(try sign(frontier), size: frontier.size)
    try await commit(signed, size: frontier.size)
    try await publishFile(signed.encoded, size: frontier.size)
    try await removePartials(from: published, to: frontier.size)
    return frontier.size
  }

  /// The one place where a checkpoint is signed: its tree and tiles are durable by now, and nobody
  /// has seen it yet.
  private func sign(_ frontier: Frontier) throws -> SignedNote {
    let checkpoint = Checkpoint(
      origin: verifier.name, size: UInt64(frontier.size), root: frontier.root)
    return try checkpoint.sign(by: signer)
  }

  /// Keeps the checkpoint; the entries that it is the first to hold get it into their receipts, if
  /// enough witnesses cosigned it.
  func commit(_ note: SignedNote, size: Int) async throws {
    let isEnough = witnesses?.isEnough(note) ?? true
    try await database.write { connection in
      try connection.execute(
        """
        INSERT INTO checkpoints (size, note, receipts) VALUES ($1, $2, $3)
        ON CONFLICT (size) DO UPDATE SET note = excluded.note, receipts = excluded.receipts
        """, [.integer(size), .text(note.encoded), .integer(isEnough ? 1 : 0)])
      guard isEnough else { return }
      // Those without a receipt are the last ones of the log.
      try connection.execute(
        """
        UPDATE entries SET receipt_size = $1 WHERE position < $1 AND position > coalesce(
          (SELECT position FROM entries WHERE receipt_size > 0 ORDER BY position DESC LIMIT 1),
          -1)
        """, [.integer(size)])
    }
  }

  private func publishFile(_ note: String, size: Int) async throws {
    guard publicSize.withLock({ $0 }) != size else { return }
    try await offload { try self.publicFolder.write(checkpoint: note) }
    publicSize.withLock { $0 = size }
  }

  private func removePartials(from old: Int, to new: Int) async throws {
    try await offload {
      for tile in TileLayout.tiles(from: old, to: new) where !tile.isPartial {
        self.publicFolder.removePartials(of: tile)
      }
    }
  }

  private func writeTiles(_ tiles: some Sequence<TilePath>) async throws {
    var chunk: [TilePath] = []
    for tile in tiles {
      chunk.append(tile)
      guard chunk.count == Self.filesAtOnce else { continue }
      try await write(chunk)
      chunk = []
    }
    try await write(chunk)
  }

  private func write(_ tiles: [TilePath]) async throws {
    guard !tiles.isEmpty else { return }
    let files = try await database.read { connection in
      try tiles.map { PublicFolder.File(path: $0, content: try self.content(of: $0, connection)) }
    }
    try await offload { try self.publicFolder.write(files) }
  }

  /// A tile or bundle as the database has it.
  func content(of tile: TilePath, _ connection: any SQLConnection) throws -> [UInt8] {
    guard tile.kind == .entries else {
      return try tile.content(from: DatabaseHashes(connection: connection))
    }
    let rows = try connection.rows(
      "SELECT header FROM entries WHERE position >= $1 AND position < $2 ORDER BY position",
      [.integer(tile.firstLeaf), .integer(tile.firstLeaf + tile.width)])
    guard rows.count == tile.width else {
      throw LedgerError(
        file: connection.source, field: "entries from \(tile.firstLeaf)",
        found: "\(rows.count)", expected: "\(tile.width)")
    }
    return EntryBundle.encode(try rows.map { try $0.bytes("header") })
  }

  /// Runs what waits for the disk outside of the threads that serve requests.
  private func offload<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
  }
}

extension LedgerStore {
  /// Writes the files that are missing for the checkpoints published so far.
  private func restoreFiles(size: Int) async throws {
    try await writeTiles(
      TileLayout.tiles(to: size).lazy.filter { tile in
        if !tile.isPartial { self.publicFolder.removePartials(of: tile) }
        return !self.publicFolder.holds(tile)
      })
    let partials = try await database.read { connection in
      try TileLayout.partialTiles(of: size).flatMap { tile in
        try Self.publishedPartials(of: tile, connection)
      }
    }
    try await writeTiles(partials.filter { !publicFolder.holds($0) })
  }

  /// The partial versions of a tile that checkpoints refer to, up to its own width.
  static func publishedPartials(of tile: TilePath, _ connection: any SQLConnection) throws
    -> [TilePath]
  {
    let leavesPerHash = 1 << (8 * tile.level)
    return try (1...tile.width).compactMap { width in
      let size = tile.firstLeaf + width * leavesPerHash
      let published = try connection.row(
        "SELECT size FROM checkpoints WHERE size >= $1 AND size < $2 LIMIT 1",
        [.integer(size), .integer(size + leavesPerHash)])
      return published == nil ? nil : TilePath(tile.kind, index: tile.index, width: width)
    }
  }

  /// Refuses to go on when the published checkpoint is not one of this database: a database that
  /// was restored from an old copy would rewind the log.
  private func checkPublishedFile(_ connection: any SQLConnection) throws {
    guard let bytes = try publicFolder.readCheckpoint(),
      let note = try? SignedNote(encoded: bytes),
      case .valid(let published) = Checkpoint.verify(note, by: verifier)
    else { return }
    let size = try treeSize(connection)
    let refuse = { (field: String, found: String, expected: String) in
      LedgerError(
        file: "\(self.publicFolder.path)/\(PublicFolder.checkpoint)", field: field, found: found,
        expected: expected
          + "; is ledger.sqlite an old copy? A log must not take back what it signed")
    }
    guard published.size <= UInt64(size) else {
      throw refuse("size", "\(published.size)", "at most the database's \(size)")
    }
    let root = try Frontier(
      size: Int(published.size), reader: DatabaseHashes(connection: connection)
    ).root
    guard root == published.root else {
      throw refuse("root of \(published.size) leaves", "\(published.root)", "\(root)")
    }
  }
}
