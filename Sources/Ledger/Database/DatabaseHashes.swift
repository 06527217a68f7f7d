import TransparencyLog

/// The stored hashes of the tree, read within a transaction.
struct DatabaseHashes: HashReader {
  let connection: any SQLConnection

  /// So many are asked for at once.
  private static let count = 32

  func hashes(at indexes: [Int]) throws -> [TreeHash] {
    var found: [Int: TreeHash] = [:]
    for start in stride(from: 0, to: indexes.count, by: Self.count) {
      let some = indexes[start..<min(start + Self.count, indexes.count)]
      let rows = try connection.rows(
        "SELECT position, hash FROM hashes WHERE position IN (\(SQL.places(some.count)))",
        some.map { .integer($0) })
      for row in rows {
        let bytes = try row.bytes("hash")
        let position = try row.integer("position")
        guard let hash = TreeHash(bytes: bytes) else {
          throw error(position, found: "\(bytes.count) bytes")
        }
        found[position] = hash
      }
    }
    return try indexes.map { index in
      guard let hash = found[index] else { throw error(index, found: "nothing") }
      return hash
    }
  }

  /// The hashes with indexes in a range, as far as there are any.
  func hashes(in range: Range<Int>) throws -> [Int: TreeHash] {
    let rows = try connection.rows(
      "SELECT position, hash FROM hashes WHERE position >= $1 AND position < $2",
      [.integer(range.lowerBound), .integer(range.upperBound)])
    var found = [Int: TreeHash](minimumCapacity: rows.count)
    for row in rows { found[try row.integer("position")] = TreeHash(bytes: try row.bytes("hash")) }
    return found
  }

  private func error(_ index: Int, found: String) -> LedgerError {
    LedgerError(
      file: connection.source, field: "hashes[\(index)]", found: found, expected: "32 bytes")
  }
}
