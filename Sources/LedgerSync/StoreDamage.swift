import Corpus
import Foundation
import GRDB

/// Something that was found damaged in the store, and what became of it.
package struct StoreDamage: Equatable, Sendable {
  /// The table; nil for the file as a whole.
  package let table: String?
  package let row: Int?
  package let what: String

  package var description: String {
    guard let table else { return what }
    return "\(table)\(row.map { ", row \($0)" } ?? ""): \(what)"
  }
}

extension StoreDamage {
  static func fetch(_ database: Database, where condition: String) throws -> [StoreDamage] {
    try Row.fetchAll(
      database, sql: "SELECT place, row, what FROM damages WHERE \(condition) ORDER BY number"
    ).map { row in
      StoreDamage(
        table: try row.optional("place"), row: try row.optional("row"), what: try row.text("what"))
    }
  }

  static func count(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT count(*) FROM damages") ?? 0
  }

  static func note(
    table: String?, row: Int?, what: String, found: Int, _ database: Database
  ) throws {
    try database.execute(
      sql: "INSERT INTO damages (found, place, row, what) VALUES (?, ?, ?, ?)",
      arguments: [found, table, row, what])
  }
}

extension TraceStore {
  /// Everything that was ever found damaged, the oldest first.
  package func damages() throws -> [StoreDamage] {
    try read { try StoreDamage.fetch($0, where: "TRUE") }
  }

  /// Damage that no synchronisation has reported yet; it counts as reported from now on.
  func takeUnreportedDamages() throws -> [StoreDamage] {
    guard try read({ try StoreDamage.fetch($0, where: "reported IS NULL") }).isEmpty == false
    else { return [] }
    return try write { database in
      let damages = try StoreDamage.fetch(database, where: "reported IS NULL")
      try database.execute(sql: "UPDATE damages SET reported = 1 WHERE reported IS NULL")
      return damages
    }
  }
}
