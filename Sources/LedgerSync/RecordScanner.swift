import Foundation
import GRDB

/// A row found in the bytes of a page.
struct FoundRow {
  let rowID: Int64
  /// In the order of the table's columns.
  let values: [DatabaseValue]
  /// Whether the checksum holds.
  let isIntact: Bool
}

/// Finds the rows of known tables in a page without trusting the page's own structure.
///
/// Every byte is tried as the beginning of a table cell (file format, sections 1.6 and 2.1). The
/// number of columns, the lengths and the checksum at the end tell rows from other bytes.
struct RecordScanner {
  private let tables: [CheckedTable]
  private let file: DatabaseFile
  private static let usable = DatabaseFile.pageByteCount
  /// Longer records are none of ours: a stored trace has at most 16 MiB.
  private static let maximumBytes = 40 << 20

  init(tables: [CheckedTable], file: DatabaseFile) {
    self.tables = tables
    self.file = file
  }

  /// Calls `found` for every row that begins on the page, and `counted` for what may be SQLite's own
  /// note of the highest number that a table has given.
  func scan(
    _ page: [UInt8], counted: (_ table: String, Int) -> Void,
    found: (CheckedTable, FoundRow) throws -> Void
  ) throws {
    for offset in 0..<page.count - 8 {
      guard let cell = Cell(page, at: offset), cell.byteCount <= Self.maximumBytes else { continue }
      if let (table, number) = try sequence(cell, page) { counted(table, number) }
      for table in tables where cell.types.count == table.columns.count {
        guard cell.types.last == 12 + 2 * RowChecksum.byteCount,
          table.numberColumn.map({ cell.types[$0] == 0 }) ?? true,
          let payload = try payload(of: cell, page),
          let values = values(cell, payload, table)
        else { continue }
        let sum = RowChecksum.compute(table: table.name, values.dropLast())
        let stored = values.last.flatMap(Data.fromDatabaseValue).map { Array($0) }
        try found(table, FoundRow(rowID: cell.rowID, values: values, isIntact: sum == stored))
      }
    }
  }

  /// The head of a record, whole and without contradiction.
  private struct Cell {
    let byteCount: Int
    let rowID: Int64
    let start: Int
    let headByteCount: Int
    let types: [Int]

    init?(_ page: [UInt8], at offset: Int) {
      var cursor = offset
      guard let count = Varint.read(page, &cursor), count >= 5, count < 1 << 31,
        let rowID = Varint.read(page, &cursor), rowID > 0
      else { return nil }
      start = cursor
      guard let head = Varint.read(page, &cursor), head >= 4, head <= 100,
        start + Int(head) <= page.count
      else { return nil }
      var types: [Int] = []
      var content = Int(head)
      while cursor < start + Int(head) {
        guard let type = Varint.read(page, &cursor), type < 1 << 31,
          let size = Self.byteCount(of: Int(type))
        else { return nil }
        types.append(Int(type))
        content += size
      }
      guard cursor == start + Int(head), content == Int(count) else { return nil }
      byteCount = content
      headByteCount = Int(head)
      self.rowID = rowID
      self.types = types
    }

    static func byteCount(of type: Int) -> Int? {
      switch type {
      case 0, 8, 9: 0
      case 1...4: type
      case 5: 6
      case 6, 7: 8
      case 12...: (type - 12) / 2
      default: nil
      }
    }
  }

  /// The whole record, with what overflows the page; nil if a page of the chain is missing.
  private func payload(of cell: Cell, _ page: [UInt8]) throws -> [UInt8]? {
    let most = Self.usable - 35
    var local = cell.byteCount
    if cell.byteCount > most {
      let least = (Self.usable - 12) * 32 / 255 - 23
      let fitting = least + (cell.byteCount - least) % (Self.usable - 4)
      local = fitting <= most ? fitting : least
    }
    guard cell.start + local <= page.count else { return nil }
    var payload = Array(page[cell.start..<cell.start + local])
    guard local < cell.byteCount else { return payload }
    var next = page.bigEndian(cell.start + local)
    while payload.count < cell.byteCount {
      guard let number = next, let overflow = try file.page(Int(number)) else { return nil }
      payload += overflow[4..<min(Self.usable, 4 + cell.byteCount - payload.count)]
      next = overflow.bigEndian(0)
    }
    return payload
  }

  /// Whether a trace begins on the page as version 1 kept it: in eight columns, without a checksum.
  func hasUncheckedTrace(_ page: [UInt8]) throws -> Bool {
    for offset in 0..<page.count - 8 {
      guard let cell = Cell(page, at: offset), cell.types.count == 8, cell.types[4] >= 12,
        cell.byteCount <= Self.maximumBytes, let bytes = try payload(of: cell, page)
      else { continue }
      let start = cell.types[..<4].reduce(cell.headByteCount) { $0 + (Cell.byteCount(of: $1) ?? 0) }
      if bytes.dropFirst(start).starts(with: Array("TRIBTRC1".utf8)) { return true }
    }
    return false
  }

  private func sequence(_ cell: Cell, _ page: [UInt8]) throws -> (table: String, Int)? {
    guard cell.types.count == 2, cell.types[0] >= 13, cell.types[0] % 2 == 1, cell.types[0] < 100,
      (1...9).contains(cell.types[1]), let bytes = try payload(of: cell, page)
    else { return nil }
    let end = cell.headByteCount + (cell.types[0] - 13) / 2
    let name = String(decoding: bytes[cell.headByteCount..<end], as: UTF8.self)
    guard let table = tables.first(where: { $0.name == name }) else { return nil }
    return Int.fromDatabaseValue(value(cell.types[1], bytes[end...])).map { (table.name, $0) }
  }

  private func values(
    _ cell: Cell, _ payload: [UInt8], _ table: CheckedTable
  ) -> [DatabaseValue]? {
    var offset = cell.headByteCount
    var values: [DatabaseValue] = []
    for (column, type) in cell.types.enumerated() {
      guard let size = Cell.byteCount(of: type) else { return nil }
      let bytes = payload[offset..<offset + size]
      offset += size
      values.append(
        column == table.numberColumn ? cell.rowID.databaseValue : value(type, bytes))
    }
    return values
  }

  private func value(_ type: Int, _ bytes: ArraySlice<UInt8>) -> DatabaseValue {
    switch type {
    case 0: return .null
    case 7:
      let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Double(bitPattern: bits).databaseValue
    case 8, 9: return (type - 8).databaseValue
    case 1...6:
      let negative = (bytes.first ?? 0) & 0x80 != 0
      return bytes.reduce(Int64(negative ? -1 : 0)) { $0 << 8 | Int64($1) }.databaseValue
    default:
      return type % 2 == 0
        ? Data(bytes).databaseValue : String(decoding: bytes, as: UTF8.self).databaseValue
    }
  }
}

/// SQLite's numbers of one to nine bytes.
enum Varint {
  /// Reads a number and moves on; nil at the end of the bytes.
  static func read(_ bytes: [UInt8], _ cursor: inout Int) -> Int64? {
    var number: UInt64 = 0
    for index in 0..<9 {
      guard cursor < bytes.count else { return nil }
      let byte = bytes[cursor]
      cursor += 1
      if index == 8 { return Int64(bitPattern: number << 8 | UInt64(byte)) }
      number = number << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { break }
    }
    return Int64(bitPattern: number)
  }
}
