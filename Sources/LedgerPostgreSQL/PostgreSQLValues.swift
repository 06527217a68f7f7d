#if PostgreSQL
  import CLibpq
  import Foundation
  import Ledger

  /// The types whose binary form is known here, by their OIDs (PostgreSQL's `pg_type.dat`).
  enum PostgreSQLType {
    static let boolean: Oid = 16
    static let bytes: Oid = 17
    static let integer64: Oid = 20
    static let integer16: Oid = 21
    static let integer32: Oid = 23
    static let text: Oid = 25
    static let others: Set<Oid> = [19, 705, 1042, 1043]

    /// The type of an argument; NULL takes the one that the statement asks for.
    static func of(_ value: SQLValue) -> Oid {
      switch value {
      case .null: 0
      case .integer: integer64
      case .text: text
      case .blob: bytes
      }
    }
  }

  /// Arguments of a statement in their binary form, one after the other.
  struct PostgreSQLArguments {
    // Not empty: an address is what tells an empty value from NULL.
    private var bytes: [UInt8] = [0]
    private var places: [(offset: Int, count: Int)?] = []

    init(_ values: [SQLValue]) {
      for value in values {
        let offset = bytes.count
        switch value {
        case .null:
          places.append(nil)
          continue
        case .integer(let number):
          withUnsafeBytes(of: Int64(number).bigEndian) { bytes += $0 }
        case .text(let text): bytes += text.utf8
        case .blob(let blob): bytes += blob
        }
        places.append((offset, bytes.count - offset))
      }
      bytes.append(0)
    }

    /// The arrays that libpq takes: addresses, lengths, formats.
    func withPointers<Value>(
      _ body: ([UnsafePointer<CChar>?], [CInt], [CInt]) -> Value
    ) -> Value {
      bytes.withUnsafeBytes { buffer in
        let start = buffer.bindMemory(to: CChar.self).baseAddress!
        return body(
          places.map { place in place.map { start + $0.offset } },
          places.map { CInt($0?.count ?? 0) }, places.map { _ in 1 })
      }
    }
  }

  /// The answer to one statement.
  final class PostgreSQLAnswer {
    private let result: OpaquePointer
    private let source: String

    init(_ result: OpaquePointer, source: String) {
      self.result = result
      self.source = source
    }

    deinit { PQclear(result) }

    /// What the server says it did, such as `COMMIT` or `UPDATE 3`.
    var tag: String { String(cString: PQcmdStatus(result)) }

    var changes: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    var rowCount: Int { Int(PQntuples(result)) }

    /// The first value of an answer in the text format.
    var text: String? {
      rowCount > 0 ? String(cString: PQgetvalue(result, 0, 0)) : nil
    }

    /// The server's refusal, if it is one.
    var failure: PostgreSQLFailure? {
      let status = PQresultStatus(result)
      if status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK { return nil }
      let state = field("C") ?? "none"
      return PostgreSQLFailure(
        PostgreSQLFailure.kind(of: state), source: source, field: "SQLSTATE \(state)",
        found: field("M") ?? String(cString: PQresStatus(status)),
        expected: "a statement that the database carries out")
    }

    private func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, CInt(code.value)).map { String(cString: $0) }
    }

    var columns: [String] {
      (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
    }

    func rows(_ columns: [String: Int]) throws(PostgreSQLFailure) -> [SQLRow] {
      let width = PQnfields(result)
      var rows: [SQLRow] = []
      rows.reserveCapacity(rowCount)
      for row in 0..<PQntuples(result) {
        var values: [SQLValue] = []
        values.reserveCapacity(Int(width))
        for column in 0..<width { values.append(try value(row, column)) }
        rows.append(SQLRow(columns: columns, values: values, source: source))
      }
      return rows
    }

    private func value(_ row: CInt, _ column: CInt) throws(PostgreSQLFailure) -> SQLValue {
      if PQgetisnull(result, row, column) == 1 { return .null }
      let bytes = UnsafeRawBufferPointer(
        start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
      let type = PQftype(result, column)
      switch type {
      case PostgreSQLType.integer64 where bytes.count == 8:
        return .integer(Int(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))))
      case PostgreSQLType.integer32 where bytes.count == 4:
        return .integer(Int(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))))
      case PostgreSQLType.integer16 where bytes.count == 2:
        return .integer(Int(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self))))
      case PostgreSQLType.boolean where bytes.count == 1: return .integer(Int(bytes[0]))
      case PostgreSQLType.bytes: return .blob(Array(bytes))
      case _ where type == PostgreSQLType.text || PostgreSQLType.others.contains(type):
        if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
      default: break
      }
      throw PostgreSQLFailure(
        .statement, source: source, field: String(cString: PQfname(result, column)),
        found: "a value of type \(type) with \(bytes.count) bytes",
        expected: "a whole number, text or bytes")
    }
  }
#endif
