import Corpus
import Foundation
import GRDB
import Trace

/// Credits summed up again, in a database that SQLite keeps in memory while it is small and in a
/// temporary file when it is not.
struct CreditTotals {
  let database: Database

  init(_ database: Database) throws {
    self.database = database
    try database.execute(sql: "PRAGMA cache_size = -16384")
    try database.execute(sql: LedgerSchema.traces)
    try database.execute(sql: LedgerSchema.credits)
  }

  /// Adds a trace's shares; false when the trace was added before.
  func add(_ trace: PublicTrace, period: String) throws -> Bool {
    try LedgerStore.credit(trace, entry: 0, period: period, database)
  }
}

extension Fsck {
  /// The credits of the ledger against the sums over all payloads, both ways.
  func checkCredits(_ database: Database, _ totals: CreditTotals) throws {
    for (read, other, isLedger) in [
      (totals.database, database, false), (database, totals.database, true),
    ] {
      let rows = try Row.fetchCursor(read, sql: "SELECT * FROM credits")
      while let row = try rows.next() {
        let (key, period) = (try row.data("contributor"), try row.text("period"))
        let sum = try Row.fetchOne(
          other, sql: "SELECT * FROM credits WHERE contributor = ? AND period = ?",
          arguments: [key, period])
        let field = "credits[\(Hex.encode(key)), \(period)]"
        if isLedger {
          guard sum == nil else { continue }
          differ(
            LedgerSchema.file, field, found: "\(try row.integer("share_ppm")) ppm",
            expected: "none")
        } else {
          summary.credits += 1
          try checkCredit(field, found: sum, expected: row)
        }
      }
    }
    let count = "SELECT count(*) FROM traces"
    check(
      LedgerSchema.file, "traces", try Int.fetchOne(database, sql: count),
      try Int.fetchOne(totals.database, sql: count))
  }

  private func checkCredit(_ field: String, found: Row?, expected: Row) throws {
    guard let found else {
      return differ(
        LedgerSchema.file, field, found: "none",
        expected: "\(try expected.integer("share_ppm")) ppm")
    }
    for column in ["answers", "share_ppm"] {
      check(
        LedgerSchema.file, "\(field).\(column)", try found.integer(column),
        try expected.integer(column))
    }
  }
}
