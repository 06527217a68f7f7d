import Ledger
import TransparencyLog

/// The log as a stranger sees it who has the static files and the key alone.
package struct PublicLog {
  package let folder: PublicFolder
  package let verifier: NoteVerifier

  package init(_ store: LedgerStore) {
    folder = store.publicFolder
    verifier = store.verifier
  }

  package struct Problem: Error { let text: String }

  /// The published checkpoint, when the log's key signed it.
  package func checkpoint() throws -> Checkpoint {
    guard let bytes = try folder.readCheckpoint() else { throw Problem(text: "no checkpoint") }
    switch Checkpoint.verify(try SignedNote(encoded: bytes), by: verifier) {
    case .valid(let checkpoint): return checkpoint
    case .invalid(let reason): throw Problem(text: reason)
    }
  }

  /// The entries of the published tree; throws unless every tile of it is there and right.
  ///
  /// A full tile stands for a partial one that is gone, as the format allows.
  package func entries(of checkpoint: Checkpoint) throws -> [[UInt8]] {
    let size = Int(checkpoint.size)
    var assembler = TileAssembler()
    var full: [TilePath: [UInt8]] = [:]
    var entries: [[UInt8]] = []
    for path in TileLayout.tiles(to: size) where path.kind == .entries {
      for entry in try bundle(path) {
        entries.append(entry)
        for tile in assembler.append(.leaf(entry)).full { full[tile.path] = tile.content }
      }
    }
    for tile in assembler.partials { full[tile.path] = tile.content }
    for path in TileLayout.tiles(to: size) where path.kind != .entries {
      let wanted = full[path]
      let found =
        try folder.read(path)
        ?? folder.read(path.full).map {
          Array($0.prefix(path.width * TreeHash.byteCount))
        }
      guard found == wanted else { throw Problem(text: "\(path) is missing or wrong") }
    }
    guard assembler.frontier.root == checkpoint.root else {
      throw Problem(text: "the tiles do not lead to the root of \(size) leaves")
    }
    return entries
  }

  private func bundle(_ path: TilePath) throws -> [[UInt8]] {
    if let bytes = try folder.read(path) { return try EntryBundle.decode(bytes, at: path) }
    guard let bytes = try folder.read(path.full) else { throw Problem(text: "no \(path)") }
    return Array(try EntryBundle.decode(bytes, at: path.full).prefix(path.width))
  }
}
