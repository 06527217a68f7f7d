import Corpus
import Foundation
import GRDB

extension TraceStore {
  /// Reads in one transaction; a damaged file is repaired first.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try repairing { try pool.read(body) }
  }

  /// Writes in one transaction, which is on the disk when the call returns.
  ///
  /// When the disk is full, `draining` writes go on in the reserve; others throw `StorageFull`.
  func write<Value>(draining: Bool = true, _ body: (Database) throws -> Value) throws -> Value {
    try repairing {
      try Self.withSpace(reserve, draining: draining, path: path) {
        try writing { try pool.write(body) }
      }
    }
  }

  /// Runs `body` unless the file is being opened or repaired.
  ///
  /// SQLite orders the writers among themselves; the lock keeps them out while a damaged file is
  /// replaced.
  private func writing<Value>(_ body: () throws -> Value) throws -> Value {
    try FileLock.withLock(Self.lock(path), mode: .shared, body)
  }

  /// Runs `body` while nobody else opens, repairs or writes the file.
  static func alone<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    try FileLock.withLock(lock(path), body)
  }

  private static func lock(_ path: String) -> String { path + ".lock" }

  /// Moves the write-ahead log into the main file, if nobody is reading.
  ///
  /// A damaged byte in the log would undo what was committed after it, unnoticed: to SQLite the log
  /// ends there. In the main file every row has its checksum.
  func moveLog() {
    _ = try? writing {
      try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }
  }

  /// Whether something was written just now, in the reserve if need be.
  ///
  /// A synchronisation that could not note its own failure would ask the ledger without a pause.
  func probe(ledger url: String) throws {
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO ledgers (url) VALUES (?) ON CONFLICT (url) DO UPDATE SET failures = failures
          """, arguments: [url])
    }
  }

  /// Runs `body`; when the disk is full, gives the reserve to it and runs it again.
  static func withSpace<Value>(
    _ reserve: SpaceReserve, draining: Bool, path: String, _ body: () throws -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError where reserve.explains(error) {
      guard draining, reserve.release() else { throw StorageFull(path: path) }
      do {
        return try body()
      } catch let error as DatabaseError where reserve.explains(error) {
        throw StorageFull(path: path)
      }
    }
  }
}

extension SpaceReserve {
  /// Whether a full disk is the reason of an error of SQLite.
  fileprivate func explains(_ error: DatabaseError) -> Bool {
    switch error.resultCode {
    case .SQLITE_FULL: true
    // The shared index and new files have no code of their own for a full disk.
    case .SQLITE_IOERR, .SQLITE_CANTOPEN: (freeSpace(path) ?? .max) < 1 << 20
    default: false
    }
  }
}
