import Corpus
import Foundation
import GRDBSQLite

/// Replaces the whole content of a database that cannot be opened any more, while others have it open.
enum DatabaseReplacement {
  /// Makes `path` hold what `source` holds, in one transaction.
  ///
  /// The file is mended first as far as SQLite reads it before it writes: fixed fields of the head.
  static func replace(_ path: String, with source: String, pageCount: Int) throws {
    try mendHead(path, pageCount: pageCount)
    try withConnection(source) { from in
      try withConnection(path) { to in
        sqlite3_busy_timeout(to, 15_000)
        // No statement may come before: it would read the damaged schema. A connection syncs
        // every commit unless told otherwise.
        guard let backup = sqlite3_backup_init(to, "main", from, "main") else {
          throw failure(to, path)
        }
        var code = sqlite3_backup_step(backup, -1)
        for _ in 0..<1500 where code == SQLITE_BUSY || code == SQLITE_LOCKED {
          sqlite3_sleep(10)
          code = sqlite3_backup_step(backup, -1)
        }
        let finished = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, finished == SQLITE_OK else { throw failure(to, path) }
      }
    }
  }

  private static func withConnection(_ path: String, _ body: (OpaquePointer) throws -> Void) throws
  {
    var connection: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX
    let code = sqlite3_open_v2(path, &connection, flags, nil)
    defer { sqlite3_close_v2(connection) }
    guard code == SQLITE_OK, let connection else { throw failure(connection, path) }
    try body(connection)
  }

  private static func failure(_ connection: OpaquePointer?, _ path: String) -> CorpusError {
    CorpusError(
      path, field: "repair", found: String(cString: sqlite3_errmsg(connection)),
      expected: "to be able to replace the damaged content")
  }

  /// What the head of every database of this program holds (file format, section 1.3).
  private static let fields: [(offset: Int, bytes: [UInt8])] = [
    (0, Array("SQLite format 3\0".utf8)), (16, [0x10, 0, 2, 2, 0, 64, 32, 32]),
    (44, [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    (60, [UInt8](repeating: 0, count: 32)),
  ]

  private static func mendHead(_ path: String, pageCount: Int) throws {
    try LockedFiles.with(path, O_RDWR) { file in
      var head = [UInt8](repeating: 0, count: 100)
      guard pread(file, &head, 100, 0) == 100 else { return }
      let before = head
      for (offset, bytes) in fields {
        head.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      }
      // The number of pages, and no free ones; nothing that is there is used again.
      let count = UInt32(clamping: pageCount).bigEndian
      withUnsafeBytes(of: count) { head.replaceSubrange(28..<32, with: $0) }
      head.replaceSubrange(32..<40, with: [UInt8](repeating: 0, count: 8))
      guard head != before else { return }
      guard pwrite(file, head, 100, 0) == 100, fsync(file) == 0 else {
        throw FileError("mend", path)
      }
    }
  }

  /// Copies a file; the copy is on the disk when the call returns.
  static func copy(_ path: String, to copy: String) throws {
    try LockedFiles.with(path, O_RDONLY) { source in
      let target = try OpenFile(creating: copy, permissions: 0o600)
      var piece = [UInt8](repeating: 0, count: 1 << 16)
      var offset = 0
      while true {
        let count = pread(source, &piece, piece.count, off_t(offset))
        guard count >= 0 else { throw FileError("read", path) }
        guard count > 0 else { break }
        try target.write(Array(piece[..<count]))
        offset += count
      }
      try target.synchronize()
    }
  }
}
