/// Parts of statements.
enum SQL {
  /// `$1, $2, … $n`, beginning behind the first `offset` places.
  static func places(_ count: Int, after offset: Int = 0) -> String {
    (0..<count).map { "$\(offset + $0 + 1)" }.joined(separator: ", ")
  }
}

extension SQLConnection {
  @discardableResult
  func insert(into table: String, columns: [String], _ rows: [[SQLValue]]) throws -> Int {
    try insert(into: table, columns: columns, rows, end: "")
  }

  /// Many rows with one statement, where a statement is a message to a server.
  package func insert(
    into table: String, columns: [String], _ rows: [[SQLValue]], end: String
  ) throws -> Int {
    var inserted = 0
    var start = 0
    while start < rows.count {
      // Powers of two, so that few different statements are prepared.
      let count = min(
        rowsAtOnce, 1 << (Int.bitWidth - 1 - (rows.count - start).leadingZeroBitCount))
      let values = (0..<count).map { row in
        "(\(SQL.places(columns.count, after: row * columns.count)))"
      }
      inserted += try execute(
        """
        INSERT INTO \(table) (\(columns.joined(separator: ", ")))
        VALUES \(values.joined(separator: ", ")) \(end)
        """, Array(rows[start..<start + count].joined()))
      start += count
    }
    return inserted
  }

  private var rowsAtOnce: Int { 64 }
}

/// The rows of a table in the order of its key, a few at a time: any number in bounded memory.
struct PagedRows {
  private let connection: any SQLConnection
  private let select: String
  private let keys: [String]
  private let limit: Int
  private var page: ArraySlice<SQLRow> = []
  private var last: SQLRow?
  private var isAtEnd = false

  /// Begins at the first row.
  ///
  /// `select` has neither order nor limit; it may end in conditions, after WHERE. The keys are
  /// columns of the answer that are unique together.
  init(
    _ connection: any SQLConnection, _ select: String, by keys: [String], limit: Int = 256
  ) {
    self.connection = connection
    self.select = select
    self.keys = keys
    self.limit = limit
  }

  mutating func next() throws -> SQLRow? {
    if page.isEmpty, !isAtEnd {
      page = try fetch()[...]
      isAtEnd = page.count < limit
      last = page.last ?? last
    }
    return page.popFirst()
  }

  private func fetch() throws -> [SQLRow] {
    let order = keys.joined(separator: ", ")
    let tail = "ORDER BY \(order) LIMIT \(limit)"
    guard let last else { return try connection.rows("\(select) \(tail)", []) }
    let condition = select.contains(" WHERE ") ? "AND" : "WHERE"
    return try connection.rows(
      "\(select) \(condition) (\(order)) > (\(SQL.places(keys.count))) \(tail)",
      try keys.map { try last.value($0) })
  }
}
