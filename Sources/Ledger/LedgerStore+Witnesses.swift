import LedgerWire
import TransparencyLog

/// Cosignatures come between signing a checkpoint and keeping it, so that a receipt has all that it
/// will ever have when it is given for the first time.
extension LedgerStore {
  /// The checkpoint with the cosignatures that come in time.
  func cosign(
    _ note: SignedNote, after earlier: SignedNote?, size: Int
  ) async -> SignedNote {
    guard let witnesses else { return note }
    return await witnesses.cosign(note, after: earlier) { [database] old in
      guard old <= UInt64(size) else { return [] }
      return try await database.read { connection in
        try ConsistencyProof.prove(
          oldSize: Int(old), newSize: size, reader: DatabaseHashes(connection: connection)
        ).path
      }
    }
  }

  /// Whether the entry has a receipt, which never changes from then on.
  static func hasReceipt(_ position: Int, _ connection: any SQLConnection) throws -> Bool {
    try receiptCheckpoint(of: position, connection) != nil
  }

  /// The checkpoint in the receipt of a leaf: the first after it that enough witnesses cosigned; nil
  /// until there is one.
  ///
  /// A smaller checkpoint than the latest never gets cosignatures, so the answer never changes.
  static func receiptCheckpoint(
    of position: Int, _ connection: any SQLConnection
  ) throws -> (size: Int, note: String)? {
    let row = try connection.row(
      "SELECT size, note FROM checkpoints WHERE size > $1 AND receipts = 1 ORDER BY size LIMIT 1",
      [.integer(position)])
    return try row.map { (try $0.integer("size"), try $0.text("note")) }
  }
}

extension LedgerRefusal {
  /// The batch is logged, and its receipt has to wait.
  static func waiting(for witnesses: Int) -> LedgerRefusal {
    LedgerRefusal(
      .busy, field: "witnesses", found: "too few cosignatures for a receipt",
      expected: "\(witnesses); the batch is logged, ask for its receipt again later")
  }
}
