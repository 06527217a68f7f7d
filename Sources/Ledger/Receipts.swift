import Foundation
import LedgerWire
import TransparencyLog

/// What the receipts of some leaves are made of, read together: leaves that were logged together
/// share their checkpoint and most of their proofs.
final class Receipts {
  /// The leaves from `first` on that are in no smaller checkpoint with receipts.
  private struct Published {
    let first: Int
    let size: Int
    let note: SignedNote
    let checkpoint: Checkpoint
  }

  private let connection: any SQLConnection
  private let reader: RememberedHashes
  private var latest: Published?

  /// More leaves than one integration has are not looked at before they are asked for.
  private static let atOnce = 4096

  /// `positions` are those that are going to be asked for.
  init(_ connection: any SQLConnection, positions: [Int]) throws {
    self.connection = connection
    let hashes = DatabaseHashes(connection: connection)
    var known: [Int: TreeHash] = [:]
    if let first = positions.min(), let last = positions.max(), last - first < Self.atOnce {
      known = try hashes.hashes(
        in: NodePosition.storedCount(leaves: first)..<NodePosition.storedCount(leaves: last + 1))
    }
    reader = RememberedHashes(hashes, known: known)
  }

  /// The receipt of one of the leaves; with a quorum the reason for none may be the witnesses.
  func receipt(of position: Int, quorum: Int?) throws -> ReceiptMessage {
    guard let published = try published(position) else {
      if let quorum { throw LedgerRefusal.waiting(for: quorum) }
      throw LedgerError(
        file: connection.source, field: "checkpoints",
        found: "none of more than \(position) leaves",
        expected: "one")
    }
    let leaf = NodePosition(level: 0, index: position).storageIndex
    let proof = try InclusionProof.prove(
      leafIndex: position, treeSize: published.size, reader: reader)
    return ReceiptMessage(
      index: position, leafHash: try reader.hashes(at: [leaf])[0].base64,
      treeSize: published.size, rootHash: published.checkpoint.root.base64,
      inclusionProof: proof.path.map(\.base64), checkpoint: published.note.encoded,
      proof: LogProof(leafIndex: proof.leafIndex, path: proof.path, note: published.note).encoded)
  }

  private func published(_ position: Int) throws -> Published? {
    if let latest, (latest.first..<latest.size).contains(position) { return latest }
    guard let (size, text) = try LedgerStore.receiptCheckpoint(of: position, connection) else {
      return nil
    }
    let note = try SignedNote(encoded: Array(text.utf8))
    let published = Published(
      first: position, size: size, note: note, checkpoint: try Checkpoint(text: note.text))
    latest = published
    return published
  }
}

/// Hashes that are read once, however often they are asked for.
private final class RememberedHashes: HashReader {
  private let reader: DatabaseHashes
  private var known: [Int: TreeHash]

  init(_ reader: DatabaseHashes, known: [Int: TreeHash]) {
    self.reader = reader
    self.known = known
  }

  func hashes(at indexes: [Int]) throws -> [TreeHash] {
    let new = indexes.filter { known[$0] == nil }
    if !new.isEmpty {
      for (index, hash) in zip(new, try reader.hashes(at: new)) { known[index] = hash }
    }
    return indexes.compactMap { known[$0] }
  }
}
