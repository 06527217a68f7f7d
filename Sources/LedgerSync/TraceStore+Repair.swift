import Corpus
import Foundation
import GRDB
import GRDBSQLite

/// What shows that the file is damaged.
private struct StoreProblem: Error, CustomStringConvertible {
  let description: String
}

extension TraceStore {
  /// How long a whole check of the file is good for, in seconds.
  static let checkInterval = 86_400

  /// Runs `body`; if it fails in a way that a damaged file explains, checks the file, repairs it if
  /// it is damaged, and runs `body` once more.
  func repairing<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch  where Self.mayBeDamage(error) {
      try checkAndRepair(now: Int(Date().timeIntervalSince1970), cause: "\(error)")
      return try body()
    }
  }

  /// Checks every page and every row, and repairs what is damaged; returns what was found.
  @discardableResult
  package func checkAndRepair(now: Int, cause: String? = nil) throws -> [StoreDamage] {
    guard try Self.problem(pool) != nil else { return [] }
    return try Self.alone(path) {
      // Another process may have repaired it meanwhile.
      guard let problem = try Self.problem(pool) else { return [] }
      let damages = try Self.repair(path: path, cause: problem.description, now: now)
      try reopen()
      if let problem = try Self.problem(pool) {
        throw CorpusError(
          path, field: "repaired database", found: problem.description, expected: "a sound one")
      }
      return damages
    }
  }

  /// Checks the whole file if the last check was a day ago or more.
  func checkIfDue(now: Int) throws {
    let mark = path + ".checked"
    if let bytes = try? DurableFile.read(mark, maximumBytes: 32),
      let last = Int(String(decoding: bytes, as: UTF8.self)),
      (0..<Self.checkInterval).contains(now - last)
    {
      return
    }
    try checkAndRepair(now: now)
    // Only a saving of time, so a full disk may prevent it.
    try? DurableFile.write(Array("\(now)".utf8), to: mark)
  }

  static func mayBeDamage(_ error: any Error) -> Bool {
    switch error {
    case let error as DatabaseError:
      [
        .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_READONLY, .SQLITE_ERROR,
        .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_SCHEMA,
      ].contains(error.resultCode)
    case let error as CorpusError: error.file == "traces.sqlite"
    default: false
    }
  }

  /// The first thing that is wrong with an open database.
  private static func problem(_ pool: DatabasePool) throws -> StoreProblem? {
    do {
      // A damaged head makes a file read-only.
      try pool.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE; ROLLBACK") }
      return try pool.read { try problem($0) }
    } catch  where mayBeDamage(error) {
      return StoreProblem(description: "\(error)")
    }
  }

  private static func problem(_ database: Database) throws -> StoreProblem? {
    try TraceStoreSchema.verify(database)
    for row in try Row.fetchAll(database, sql: "PRAGMA integrity_check(1)") {
      let verdict = try row.text("integrity_check")
      if verdict != "ok" { return StoreProblem(description: verdict) }
    }
    for table in try TraceStoreSchema.checkedTables.get() {
      let row = try Row.fetchOne(
        database,
        sql: "SELECT min(rowid) AS first FROM \(table.name) WHERE NOT (\(table.isIntact))")
      if let first: Int = try row?.optional("first") {
        return StoreProblem(
          description: "\(table.name), row \(first): found bytes that changed since it was written")
      }
    }
    for table in ["traces", "batches"] {
      if let missing = try missingRow(in: table, database) {
        return StoreProblem(description: missing)
      }
    }
    let single = try Row.fetchOne(
      database,
      sql: """
        SELECT number FROM batches b
        WHERE (SELECT header FROM headers h WHERE h.number = b.number) IS NOT b.header
        UNION ALL SELECT number FROM headers WHERE number NOT IN (SELECT number FROM batches)
        """)
    if let number: Int = try single?.optional("number") {
      return StoreProblem(
        description: "batches and headers: found row \(number) in one, expected it in both")
    }
    return nil
  }

  /// Says if a number that was given has neither a row nor a note that the row is lost.
  private static func missingRow(in table: String, _ database: Database) throws -> String? {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT (SELECT max(seq) FROM sqlite_sequence WHERE name = '\(table)') AS given,
          (SELECT max(number) FROM \(table)) AS highest, (SELECT count(*) FROM \(table)) AS rows,
          (SELECT count(DISTINCT row) FROM damages WHERE place = '\(table)'
            AND row NOT IN (SELECT number FROM \(table))) AS lost
        """)
    guard let row else { return nil }
    let given: Int = try row.optional("given") ?? 0
    let (rows, lost) = (try row.integer("rows"), try row.integer("lost"))
    let highest: Int = try row.optional("highest") ?? 0
    guard given < highest || rows + lost != given else { return nil }
    return "\(table): found \(rows) rows and \(lost) that are known to be lost, expected "
      + "\(given), the highest number given"
  }
}

extension TraceStore {
  /// Keeps the damaged file aside and puts a sound one in its place.
  ///
  /// It is one transaction of SQLite, so that other processes go on with what they have open.
  /// Nobody may write meanwhile.
  static func repair(path: String, cause: String, now: Int) throws -> [StoreDamage] {
    let kept = try keepDamaged(path, now: now)
    let sound = "\(path).\(UUID().uuidString).salvage"
    defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(sound + suffix) } }
    do {
      let file = try DatabaseFile(path: kept)
      let damages = try Salvage.rebuild(
        from: file, damagedPath: kept, into: sound, cause: cause, now: now)
      try DatabaseReplacement.replace(path, with: sound, pageCount: file.pageCount)
      return damages
    } catch {
      // The next attempt keeps its own copy.
      for suffix in ["", "-wal"] { unlink(kept + suffix) }
      throw error
    }
  }

  /// Copies the damaged file with its write-ahead log.
  private static func keepDamaged(_ path: String, now: Int) throws -> String {
    var kept = "\(path).damaged-\(now)"
    var number = 1
    while access(kept, F_OK) == 0 {
      number += 1
      kept = "\(path).damaged-\(now)-\(number)"
    }
    for suffix in ["-wal", ""] where access(path + suffix, F_OK) == 0 {
      try DatabaseReplacement.copy(path + suffix, to: kept + suffix)
    }
    return kept
  }
}
