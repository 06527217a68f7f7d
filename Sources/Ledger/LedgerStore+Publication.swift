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
    try await identify()
    let latest = try await database.read { connection in
      try self.checkPublishedFile(connection)
      return try self.latestCheckpoint(connection)
    }
    try await offload { try self.publicFolder.prepare() }
    published.withLock { $0 = nil }
    if let latest {
      try await restoreFiles(size: latest.size)
      try await publishFile(latest)
    }
    return try await publish()
  }

  /// Publishes the integrated tree, if a checkpoint of it is not public yet; returns its size.
  ///
  /// Several front ends may be at it: one signs, and the others take over what it published.
  @discardableResult
  func publish() async throws -> Int {
    if let size = try await takeOver() { return size }
    return try await database.exclusively {
      // While we waited our entries may have come under somebody else's checkpoint.
      if self.database.isShared, let size = try await self.takeOver() { return size }
      return try await self.publishNext()
    }
  }

  private func publishNext() async throws -> Int {
    let (old, frontier) = try await database.read { connection in
      let frontier = try Frontier(
        size: self.integratedSize(connection), reader: DatabaseHashes(connection: connection))
      return (try self.latestCheckpoint(connection), frontier)
    }
    let size = frontier.size
    let earlier = try old.map { try SignedNote(encoded: Array($0.note.utf8)) }
    var signed: SignedNote
    if let earlier, old?.size == size {
      signed = earlier
    } else {
      try await writeTiles(TileLayout.tiles(from: old?.size ?? 0, to: size))
      signed = try sign(frontier)
    }
    signed = await cosign(signed, after: earlier, size: size)
    if let old, old.note == signed.encoded, witnesses?.isEnough(signed) == false { return size }
    let kept = try await commit(signed, size: size)
    guard kept.size == size else {
      try await follow(to: kept)
      return kept.size
    }
    try await publishFile(kept)
    try await removePartials(from: old?.size ?? 0, to: size)
    return size
  }

  /// Makes the latest checkpoint of the database public here; its size, if nothing is to be signed
  /// or cosigned after it.
  private func takeOver() async throws -> Int? {
    let (latest, isLast) = try await database.read { connection in
      let latest = try self.latestCheckpoint(connection)
      if let own = self.published.withLock({ $0 }) { try self.checkContinues(own, connection) }
      let size = try self.integratedSize(connection)
      return (latest, latest?.size == size && latest?.givesReceipts == true)
    }
    guard let latest else { return nil }
    try await follow(to: latest)
    return isLast ? latest.size : nil
  }

  /// Writes what is missing for a checkpoint of the database, and then the checkpoint.
  private func follow(to latest: PublishedCheckpoint) async throws {
    let own = published.withLock { $0 }?.size ?? 0
    if own < latest.size {
      let sizes = try await database.read { connection in
        try connection.rows(
          "SELECT size FROM checkpoints WHERE size > $1 AND size < $2 ORDER BY size LIMIT 65",
          [.integer(own), .integer(latest.size)]
        ).map { try $0.integer("size") }
      }
      if sizes.count > 64 {
        try await restoreFiles(size: latest.size)
      } else {
        // Every checkpoint has its partial tiles, on every front end.
        for (old, new) in zip([own] + sizes, sizes + [latest.size]) {
          try await writeTiles(
            TileLayout.tiles(from: old, to: new).lazy.filter { !self.publicFolder.holds($0) })
        }
      }
    }
    try await publishFile(latest)
    if own < latest.size { try await removePartials(from: own, to: latest.size) }
  }

  /// The one place where a checkpoint is signed: its tree and tiles are durable by now, and nobody
  /// has seen it yet.
  private func sign(_ frontier: Frontier) throws -> SignedNote {
    let checkpoint = Checkpoint(
      origin: verifier.name, size: UInt64(frontier.size), root: frontier.root)
    return try checkpoint.sign(by: signer)
  }

  /// Keeps the checkpoint: the one in the receipts of the entries that it is the first to hold, if
  /// enough witnesses cosigned it.
  ///
  /// Returns the latest checkpoint of the log, which is another one if somebody was faster: sizes
  /// only grow, and a note that receipts are given with stays.
  func commit(_ note: SignedNote, size: Int) async throws -> PublishedCheckpoint {
    let givesReceipts = witnesses?.isEnough(note) ?? true
    return try await database.write { connection in
      if let latest = try self.latestCheckpoint(connection),
        latest.size > size || (latest.size == size && latest.givesReceipts)
      {
        return latest
      }
      let new = PublishedCheckpoint(
        size: size, note: note.encoded, givesReceipts: givesReceipts)
      try connection.execute(
        """
        INSERT INTO checkpoints (size, note, receipts) VALUES ($1, $2, $3)
        ON CONFLICT (size) DO UPDATE SET note = excluded.note, receipts = excluded.receipts
        """, [.integer(size), .text(new.note), .integer(givesReceipts ? 1 : 0)])
      return new
    }
  }

  private func latestCheckpoint(_ connection: any SQLConnection) throws -> PublishedCheckpoint? {
    let row = try connection.row(
      "SELECT size, note, receipts FROM checkpoints ORDER BY size DESC LIMIT 1")
    return try row.map { row in
      PublishedCheckpoint(
        size: try row.integer("size"), note: try row.text("note"),
        givesReceipts: try row.integer("receipts") == 1)
    }
  }

  private func publishFile(_ checkpoint: PublishedCheckpoint) async throws {
    // Cosignatures may have been added to the note of one size.
    guard published.withLock({ $0?.note }) != checkpoint.note else { return }
    try await offload { try self.publicFolder.write(checkpoint: checkpoint.note) }
    published.withLock { $0 = checkpoint }
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

  /// Refuses to go on when what was published here is not in the database any more: a server that
  /// lost commits, or a standby that never had them, would rewind the log.
  private func checkContinues(
    _ own: PublishedCheckpoint, _ connection: any SQLConnection
  ) throws {
    let found = try checkpointNote(connection, size: own.size)
    if found == own.note { return }
    // Cosignatures may have been added since.
    let text = { (note: String) in try SignedNote(encoded: Array(note.utf8)).text }
    guard let found, try text(found) == text(own.note) else {
      throw LedgerError(
        file: connection.source, field: "checkpoints[\(own.size)]",
        found: found == nil ? "none" : "another tree",
        expected: "the one that was published; is it an old copy? A log must not take back what it"
          + " signed")
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
          + "; is \(connection.source) an old copy? A log must not take back what it signed")
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

/// A checkpoint as the database has it.
struct PublishedCheckpoint: Equatable, Sendable {
  let size: Int
  let note: String
  /// Whether enough witnesses cosigned it.
  let givesReceipts: Bool
}
