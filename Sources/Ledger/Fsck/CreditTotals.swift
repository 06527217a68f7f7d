import Corpus
import Foundation
import GRDB
import Trace

/// Credits summed up again, in a database that SQLite keeps in memory while it is small and in a
/// temporary file when it is not.
struct CreditTotals {
  let connection: any SQLConnection

  init(_ database: Database) throws {
    connection = SQLiteConnection(database: database, source: "the sums over all payloads")
    try database.execute(sql: "PRAGMA cache_size = -16384")
    try connection.execute(LedgerSchema.credited(.sqlite))
    try connection.execute(LedgerSchema.credits(.sqlite))
  }

  /// Adds the shares of an entry's traces; returns the traces that were not added before.
  func add(
    _ credits: BatchCredits, of agent: ContributorKey, entry: Int, period: String
  ) throws -> [CreditSums.Credit] {
    var sums = CreditSums(period: period)
    sums.add(credits, of: agent, entry: entry)
    return try sums.write(connection)
  }
}

extension Fsck {
  /// The credits of the ledger against the sums over all payloads, both ways.
  func checkCredits(_ connection: any SQLConnection, _ totals: CreditTotals) throws {
    for (read, other, isLedger) in [
      (totals.connection, connection, false), (connection, totals.connection, true),
    ] {
      var rows = PagedRows(read, "SELECT * FROM credits", by: ["contributor", "period"])
      while let row = try rows.next() {
        let (key, period) = (try row.bytes("contributor"), try row.text("period"))
        let sum = try other.row(
          "SELECT * FROM credits WHERE contributor = $1 AND period = $2",
          [.blob(key), .text(period)])
        let field = "credits[\(Hex.encode(key)), \(period)]"
        if isLedger {
          guard sum == nil else { continue }
          differ(
            databaseName, field, found: "\(try row.integer("share_ppm")) ppm",
            expected: "none")
        } else {
          summary.credits += 1
          try checkCredit(field, found: sum, expected: row)
        }
      }
    }
    let count = "SELECT count(*) FROM credited"
    check(
      databaseName, "credited", try connection.integer(count),
      try totals.connection.integer(count))
  }

  private func checkCredit(_ field: String, found: SQLRow?, expected: SQLRow) throws {
    guard let found else {
      return differ(
        databaseName, field, found: "none",
        expected: "\(try expected.integer("share_ppm")) ppm")
    }
    for column in ["answers", "share_ppm"] {
      check(
        databaseName, "\(field).\(column)", try found.integer(column),
        try expected.integer(column))
    }
  }
}
