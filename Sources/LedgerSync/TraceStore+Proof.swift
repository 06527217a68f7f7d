import Corpus
import Foundation
import GRDB
import Trace

extension TraceStore {
  /// The proof that a trace is in the log that its receipt is of; nil if it has none yet.
  ///
  /// Throws a ``TraceError`` for a batch of the first format, whose traces cannot be shown one by
  /// one, and when another trace of the batch is damaged here.
  package func proof(of id: TraceID) throws -> TraceProof? {
    try read { database in
      guard
        let entry = try TraceEntry.fetch(
          database, where: "t.id = ?", arguments: [Data(id.bytes)], limit: 1
        ).first, let receipt = entry.receipt, entry.state == .receipted
      else { return nil }
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT id, stored FROM traces
          WHERE batch = (SELECT batch FROM traces WHERE id = ?) ORDER BY number
          """, arguments: [Data(id.bytes)])
      let index = try rows.firstIndex { try $0.bytes("id") == id.bytes }
      let parts = try rows.map { try TraceCodec.open(try $0.bytes("stored")).sealed.publicBytes }
      guard let index else { return nil }
      return try TraceProof(
        of: index, in: parts, signedHeader: receipt.signedHeader, receipt: receipt.proof)
    }
  }
}
