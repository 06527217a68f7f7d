import Corpus
import LedgerWire
import Trace
import TransparencyLog

/// Follows a log that somebody else runs, through its static files alone.
///
/// A checkpoint is accepted when the log's key signed it, the tree that was accepted before is a
/// part of its tree, and every new entry is in bundles and tiles that lead to its root.
package struct Monitor: Sendable {
  /// What a check found.
  package struct Progress: Equatable, Sendable {
    package var from: Int
    package var to: Int
    /// Entries that the log should not have accepted.
    package var problems: Int
  }

  package enum Event: Equatable, Sendable {
    case entry(position: Int, agent: ContributorKey, sequence: Int, traces: Int)
    case claim(position: Int, contributor: ContributorKey, root: Corpus.Digest)
    case problem(position: Int, String)
  }

  private let source: TileSource
  private let state: MonitorState
  private let verifier: NoteVerifier

  package init(source: TileSource, state: MonitorState, verifier: NoteVerifier) {
    self.source = source
    self.state = state
    self.verifier = verifier
  }

  /// Looks at the log once; throws a ``MonitorFailure`` and accepts nothing when it is not the
  /// continuation of what was accepted before.
  package func check(report: @Sendable (Event) -> Void) async throws -> Progress {
    let (note, shown) = try await shownCheckpoint()
    let last = try await state.note()
    let seen = try last.map { try Checkpoint(text: $0.text) }
    let old = Int(seen?.size ?? 0)
    if let last, let seen {
      let fork = { (reason: String) in
        MonitorFailure.fork(.init(reason: reason, seen: last.encoded, shown: note.encoded))
      }
      if shown.size < seen.size {
        throw fork("the log went back from \(seen.size) to \(shown.size) entries")
      }
      if shown.size == seen.size, shown.root != seen.root {
        throw fork("the log signed two roots of \(shown.size) entries")
      }
    }
    if let seen, seen == shown { return Progress(from: old, to: old, problems: 0) }
    do {
      let assembler = try await begin(at: seen, note: last, shown: shown, shownNote: note)
      return try await state.step(to: note) {
        try await read(assembler, to: shown, report: report)
      }
    } catch let error as TileError {
      throw MonitorFailure.damaged("\(source.prefix)/\(error)")
    }
  }

  private func shownCheckpoint() async throws -> (SignedNote, Checkpoint) {
    let bytes = try await source.checkpoint()
    let file = "\(source.prefix)/checkpoint"
    do {
      let note = try SignedNote(encoded: bytes)
      switch Checkpoint.verify(note, by: verifier) {
      case .invalid(let reason): throw MonitorFailure.damaged("\(file): \(reason)")
      case .valid(let checkpoint):
        // Room for every index of the storage of the tree.
        guard checkpoint.size < 1 << 53 else {
          throw MonitorFailure.damaged("\(file): size: found \(checkpoint.size), expected < 2^53")
        }
        return (note, checkpoint)
      }
    } catch let error as NoteError {
      throw MonitorFailure.damaged("\(file): \(error)")
    }
  }

  /// The right edge of the tree that was accepted before, read from the tiles shown now.
  private func begin(
    at seen: Checkpoint?, note: SignedNote?, shown: Checkpoint, shownNote: SignedNote
  ) async throws -> TileAssembler {
    guard let seen, let note, seen.size > 0 else { return TileAssembler() }
    let (old, new) = (Int(seen.size), Int(shown.size))
    let reader = try await fetch(TileLayout.edge(of: old, in: new), size: new)
    let assembler = try TileAssembler(size: old, reader: reader)
    if assembler.frontier.root == seen.root { return assembler }
    // Either the tiles are damaged, or they are those of another tree that the log signed.
    let edge = try await fetch(TileLayout.edge(of: new, in: new), size: new)
    let root = try Frontier(size: new, reader: edge).root
    guard root == shown.root else {
      throw MonitorFailure.damaged(
        "\(source.prefix)/tile: root of \(new) entries: found \(root), expected \(shown.root)")
    }
    throw MonitorFailure.fork(
      .init(
        reason: "the \(new) entries signed now do not begin with the \(old) signed before",
        seen: note.encoded, shown: shownNote.encoded))
  }

  private func fetch(_ paths: Set<TilePath>, size: Int) async throws -> TileHashReader {
    var tiles: [TilePath: [UInt8]] = [:]
    for path in paths { tiles[path] = try await source.hashes(path).flatMap(\.bytes) }
    return TileHashReader(size: size) { [tiles] path in
      guard let tile = tiles[path] else {
        throw TileError(path, field: "file", found: "none", expected: "a tile that was fetched")
      }
      return tile
    }
  }
}

extension Monitor {
  /// Where the reading of new entries has come to.
  private struct Walk {
    var assembler: TileAssembler
    var progress: Progress
  }

  /// Reads every bundle and tile from an earlier tree on, one at a time.
  private func read(
    _ start: TileAssembler, to shown: Checkpoint, report: @Sendable (Event) -> Void
  ) async throws -> Progress {
    let size = Int(shown.size)
    var walk = Walk(
      assembler: start, progress: Progress(from: start.size, to: size, problems: 0))
    while walk.assembler.size < size {
      let index = walk.assembler.size / TilePath.fullWidth
      let width = min(TilePath.fullWidth, size - index * TilePath.fullWidth)
      guard let bundle = TilePath(.entries, index: index, width: width) else { break }
      try await read(bundle, &walk, report: report)
    }
    try await check(walk.assembler.partials)
    let root = walk.assembler.frontier.root
    guard root == shown.root else {
      throw MonitorFailure.damaged(
        "\(source.prefix)/checkpoint: root: found \(shown.root), expected \(root) of its "
          + "\(size) entries")
    }
    return walk.progress
  }

  private func read(
    _ bundle: TilePath, _ walk: inout Walk, report: @Sendable (Event) -> Void
  ) async throws {
    let entries = try await source.entries(bundle)
    try await compare(entries, with: bundle)
    var full: [TileAssembler.Tile] = []
    for position in walk.assembler.size..<bundle.firstLeaf + bundle.width {
      let entry = entries[position - bundle.firstLeaf]
      let isGood = try await accept(entry, position: position, report: report)
      if !isGood { walk.progress.problems += 1 }
      full += walk.assembler.append(.leaf(entry)).full
    }
    try await check(full)
  }

  /// The entries of a bundle against the hashes in the tile beside it.
  private func compare(_ entries: [[UInt8]], with bundle: TilePath) async throws {
    guard let path = TilePath(.hashes(level: 0), index: bundle.index, width: bundle.width) else {
      return
    }
    let hashes = try await source.hashes(path)
    for (index, entry) in entries.enumerated() where hashes[index] != .leaf(entry) {
      throw TileError(
        bundle, field: "entry \(index)", found: "hash \(TreeHash.leaf(entry))",
        expected: "\(hashes[index]), as in \(path)")
    }
  }

  /// Tiles above the leaves; those of the leaves were compared with the bundles.
  private func check(_ tiles: [TileAssembler.Tile]) async throws {
    for tile in tiles where tile.path.level > 0 {
      let hashes = try await source.hashes(tile.path)
      for (index, hash) in tile.hashes.enumerated() where hashes[index] != hash {
        throw TileError(
          tile.path, field: "hash \(index)", found: "\(hashes[index])", expected: "\(hash)")
      }
    }
  }

  /// Whether the log should have accepted an entry.
  private func accept(
    _ entry: [UInt8], position: Int, report: @Sendable (Event) -> Void
  ) async throws -> Bool {
    if ClaimHeader.isClaim(entry) { return accept(claim: entry, position, report: report) }
    let header: BatchHeader
    do throws(TraceError) {
      header = try BatchHeader.verify(entry)
    } catch {
      report(.problem(position: position, "\(error)"))
      return false
    }
    report(
      .entry(
        position: position, agent: header.agent, sequence: header.sequence, traces: header.count))
    guard header.origin == verifier.name else {
      report(
        .problem(
          position: position, "batch.origin: found \(header.origin), expected \(verifier.name)"))
      return false
    }
    let broken = try await state.advance(
      header, hash: Digest(sha256: entry), position: position)
    if let broken {
      report(.problem(position: position, "agent \(header.agent): \(broken)"))
      return false
    }
    return true
  }

  /// Whether the log should have accepted a claim to a shard.
  private func accept(
    claim entry: [UInt8], _ position: Int, report: @Sendable (Event) -> Void
  ) -> Bool {
    do throws(LedgerRefusal) {
      let claim = try ClaimHeader.verify(entry, origin: verifier.name)
      report(.claim(position: position, contributor: claim.contributor, root: claim.root))
      return true
    } catch {
      report(.problem(position: position, "\(error)"))
      return false
    }
  }
}
