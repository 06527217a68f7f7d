import Foundation
import LedgerWire
import TransparencyLog

/// What the receipts of some leaves are made of, read together: leaves that were logged together
/// share their checkpoint and most of their proofs.
final class Receipts {
  private let connection: any SQLConnection
  private let reader: RememberedHashes
  private var entries: [Int: SQLRow] = [:]
  private var notes: [Int: SignedNote] = [:]

  /// So many entries are read at once.
  private static let atOnce = 32

  init(_ connection: any SQLConnection, positions: [Int]) throws {
    self.connection = connection
    reader = RememberedHashes(DatabaseHashes(connection: connection))
    for start in stride(from: 0, to: positions.count, by: Self.atOnce) {
      let some = positions[start..<min(start + Self.atOnce, positions.count)]
      let rows = try connection.rows(
        """
        SELECT position, header, receipt_size FROM entries
        WHERE position IN (\(SQL.places(some.count)))
        """, some.map { .integer($0) })
      for row in rows { entries[try row.integer("position")] = row }
    }
  }

  /// The receipt of one of the leaves; with a quorum the reason for none may be the witnesses.
  func receipt(of position: Int, quorum: Int?) throws -> ReceiptMessage {
    guard let row = entries[position] else {
      throw missing("entries[\(position)]", expected: "an entry")
    }
    let size = try row.integer("receipt_size")
    if let quorum, size == 0 { throw LedgerRefusal.waiting(for: quorum) }
    guard size > position else {
      throw missing("entries[\(position)].receipt_size", expected: "a checkpoint's size")
    }
    let proof = try InclusionProof.prove(leafIndex: position, treeSize: size, reader: reader)
    return try ReceiptMessage(
      leaf: .leaf(row.bytes("header")), proof: proof, note: note(size: size))
  }

  private func note(size: Int) throws -> SignedNote {
    if let note = notes[size] { return note }
    let row = try connection.row(
      "SELECT note FROM checkpoints WHERE size = $1", [.integer(size)])
    guard let text = try row?.text("note") else {
      throw missing("checkpoints[\(size)]", expected: "a checkpoint")
    }
    let note = try SignedNote(encoded: Array(text.utf8))
    notes[size] = note
    return note
  }

  private func missing(_ field: String, expected: String) -> LedgerError {
    LedgerError(file: connection.source, field: field, found: "none", expected: expected)
  }
}

/// Hashes that are read once, however often they are asked for.
private final class RememberedHashes: HashReader {
  private let reader: DatabaseHashes
  private var known: [Int: TreeHash] = [:]

  init(_ reader: DatabaseHashes) {
    self.reader = reader
  }

  func hashes(at indexes: [Int]) throws -> [TreeHash] {
    let new = indexes.filter { known[$0] == nil }
    if !new.isEmpty {
      for (index, hash) in zip(new, try reader.hashes(at: new)) { known[index] = hash }
    }
    return indexes.compactMap { known[$0] }
  }
}

extension ReceiptMessage {
  fileprivate init(leaf: TreeHash, proof: InclusionProof, note: SignedNote) throws {
    let checkpoint = try Checkpoint(text: note.text)
    self.init(
      index: Int(proof.leafIndex), leafHash: leaf.base64, treeSize: Int(checkpoint.size),
      rootHash: checkpoint.root.base64, inclusionProof: proof.path.map(\.base64),
      checkpoint: note.encoded,
      proof: LogProof(leafIndex: proof.leafIndex, path: proof.path, note: note).encoded)
  }
}
