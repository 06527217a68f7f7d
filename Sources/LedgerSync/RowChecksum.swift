import Corpus
import Foundation
import GRDB

/// The checksum that every row of the store carries in its last column.
///
/// It covers the table's name and all other columns, so that a byte that changed on the disk is
/// found before the row is used. Signatures and hashes inside a row do not cover its state.
enum RowChecksum {
  static let byteCount = 16

  /// `row_checksum(table, column...)` in SQL.
  static let function = DatabaseFunction("row_checksum", pure: true) { values in
    guard let table = values.first.flatMap(String.fromDatabaseValue) else { return nil }
    return Data(compute(table: table, values.dropFirst()))
  }

  /// The checksum of a row's columns without the last one.
  static func compute(table: String, _ values: some Sequence<DatabaseValue>) -> [UInt8] {
    var bytes = Array(table.utf8)
    for value in values {
      switch value.storage {
      case .null: bytes.append(0)
      case .int64(let number): bytes += [1] + littleEndian(UInt64(bitPattern: number))
      case .double(let number): bytes += [2] + littleEndian(number.bitPattern)
      case .string(let text): bytes += [3] + littleEndian(UInt64(text.utf8.count)) + text.utf8
      case .blob(let data): bytes += [4] + littleEndian(UInt64(data.count)) + data
      }
    }
    return Array(Digest(sha256: bytes).bytes.prefix(byteCount))
  }

  private static func littleEndian(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}

/// A table whose rows carry a version and a checksum, in its last two columns.
struct CheckedTable: Equatable, Sendable {
  let name: String
  let columns: [String]
  /// The column that is the row's own number, which a record leaves empty.
  let numberColumn: Int?

  /// Reads the columns of a table of a sound database.
  init(_ name: String, _ database: Database) throws {
    let rows = try Row.fetchAll(database, sql: "PRAGMA table_info(\(name))")
    self.name = name
    columns = try rows.map { try $0.text("name") }
    numberColumn = columns.firstIndex(of: "number")
    precondition(columns.suffix(2) == ["version", "checksum"], "\(name) carries no checksum")
  }

  private func call(_ row: String, version: String) -> String {
    let values = columns.dropLast(2).map { "\(row)\($0)" } + [version]
    return "row_checksum('\(name)', \(values.joined(separator: ", ")))"
  }

  /// An expression that is true of a row that is as it was written.
  var isIntact: String { "\(name).checksum IS \(call("\(name).", version: "\(name).version"))" }

  /// Gives every row a checksum.
  var fill: String { "UPDATE \(name) SET checksum = \(call("", version: "version"))" }

  /// Temporary triggers of a connection that writes: they keep version and checksum.
  ///
  /// They are not part of the file, so that they always know all columns.
  var triggers: [String] {
    let watched = columns.dropLast(2).joined(separator: ", ")
    return [
      """
      CREATE TEMP TRIGGER checksum_inserted_\(name) AFTER INSERT ON \(name) BEGIN
        UPDATE \(name) SET checksum = \(call("NEW.", version: "NEW.version"))
        WHERE rowid = NEW.rowid; END
      """,
      """
      CREATE TEMP TRIGGER checksum_updated_\(name) AFTER UPDATE OF \(watched) ON \(name) BEGIN
        UPDATE \(name) SET version = NEW.version + 1,
          checksum = \(call("NEW.", version: "NEW.version + 1"))
        WHERE rowid = NEW.rowid; END
      """,
    ]
  }
}
