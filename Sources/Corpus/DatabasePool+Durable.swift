import GRDB

extension DatabasePool {
  /// Opens or creates a file with a write-ahead log in which every commit is synced to the disk.
  package convenience init(durable path: String, configuration: Configuration) throws {
    try self.init(path: path, configuration: configuration)
    // GRDB sets NORMAL with the write-ahead log, which can lose commits in a power failure.
    try writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
  }
}
