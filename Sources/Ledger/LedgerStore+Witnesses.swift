import GRDB
import LedgerWire
import TransparencyLog

/// Cosignatures come between signing a checkpoint and keeping it, so that a receipt has all that it
/// will ever have when it is given for the first time.
extension LedgerStore {
  /// The checkpoint with the cosignatures that come in time.
  func cosign(_ note: SignedNote, size: Int) async -> SignedNote {
    guard let witnesses else { return note }
    return await witnesses.cosign(note) { [pool] old in
      guard old <= UInt64(size) else { return [] }
      return try await pool.read { database in
        try ConsistencyProof.prove(
          oldSize: Int(old), newSize: size, reader: DatabaseHashes(database: database)
        ).path
      }
    }
  }

  /// Asks the witnesses once more for a checkpoint that too few of them have cosigned for
  /// receipts; any other is left as it is.
  func cosignAgain(_ note: String, size: Int) async throws -> String {
    let waits = try await pool.read { database in
      try Bool.fetchOne(
        database, sql: "SELECT receipts = 0 FROM checkpoints WHERE size = ?", arguments: [size])
    }
    guard waits == true else { return note }
    let signed = try SignedNote(encoded: Array(note.utf8))
    let cosigned = await cosign(signed, size: size)
    let isEnough = witnesses?.isEnough(cosigned) ?? true
    guard cosigned != signed || isEnough else { return note }
    try await commit(cosigned, size: size)
    // The file has fewer cosignatures than the database now.
    publicSize.withLock { $0 = nil }
    return cosigned.encoded
  }

  /// Whether the entry has a receipt, which never changes from then on.
  func hasReceipt(_ position: Int, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT receipt_size > 0 FROM entries WHERE position = ?",
      arguments: [position]) ?? false
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
