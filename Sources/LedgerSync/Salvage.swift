import Corpus
import Foundation
import GRDB
import LedgerWire
import Trace
import TransparencyLog

/// Rebuilds a damaged store from the rows that can be found in its bytes.
///
/// Rows whose checksum holds are taken as they are, wherever they lie and whatever has become of the
/// pages and indexes around them. The others are made again from what is signed: a trace from its
/// stored bytes, a batch from its header, which is there twice, and its traces.
struct Salvage {
  let damagedPath: String
  let target: DatabaseQueue
  let tables: [CheckedTable]
  let now: Int
  /// Rows whose checksum does not hold, of which some are only remains of deleted bytes.
  private var fragments: [(table: CheckedTable, row: FoundRow)] = []
  private var sequences: [String: [Int]] = [:]

  /// Makes a sound database at `path` from the damaged one, of which nobody may write meanwhile.
  ///
  /// `file` is the damaged one; `cause` is what showed the damage.
  static func rebuild(
    from file: DatabaseFile, damagedPath: String, into path: String, cause: String, now: Int
  ) throws -> [StoreDamage] {
    let target = try TraceStoreSchema.openForSalvage(path: path)
    defer { try? target.close() }
    var salvage = Salvage(
      damagedPath: damagedPath, target: target, tables: try TraceStoreSchema.checkedTables.get(),
      now: now)
    try target.inDatabase { database in
      try database.inTransaction {
        try salvage.collect(from: file, into: database)
        try salvage.demandChecksums(file, database)
        for table in salvage.tables {
          for trigger in table.triggers { try database.execute(sql: trigger) }
        }
        try salvage.complete(database, cause: cause)
        return .commit
      }
    }
    return try target.read { try StoreDamage.fetch($0, where: "found = \(now)") }
  }

  private init(damagedPath: String, target: DatabaseQueue, tables: [CheckedTable], now: Int) {
    self.damagedPath = damagedPath
    self.target = target
    self.tables = tables
    self.now = now
  }
}

// Finding rows.
extension Salvage {
  private mutating func collect(from file: DatabaseFile, into database: Database) throws {
    let scanner = RecordScanner(tables: tables, file: file)
    for number in stride(from: 1, through: file.pageCount, by: 1) {
      try collect(scanner, try file.mainPage(number) ?? [], database)
    }
    for frame in file.logged { try collect(scanner, frame.bytes, database) }
  }

  /// Throws for a file of version 1, whose rows cannot be told from other bytes.
  private func demandChecksums(_ file: DatabaseFile, _ database: Database) throws {
    guard try Int.fetchOne(database, sql: "SELECT count(*) FROM traces") == 0 else { return }
    let scanner = RecordScanner(tables: tables, file: file)
    for number in stride(from: 1, through: file.pageCount, by: 1) {
      guard try scanner.hasUncheckedTrace(file.page(number) ?? []) else { continue }
      throw CorpusError(
        "traces.sqlite", field: "page \(number)", found: "a damaged file of version 1",
        expected: "rows with checksums; move the file away, the traces in it are not touched")
    }
  }

  private mutating func collect(
    _ scanner: RecordScanner, _ page: [UInt8], _ database: Database
  ) throws {
    try scanner.scan(page) { table, number in
      sequences[table, default: []].append(number)
    } found: { table, row in
      if row.isIntact {
        try Self.keep(row, of: table, database)
      } else if fragments.count < 4096 {
        fragments.append((table, row))
      }
    }
  }

  /// Keeps a row unless a later version of it is there.
  private static func keep(_ row: FoundRow, of table: CheckedTable, _ database: Database) throws {
    let key = table.numberColumn == nil ? "url" : "number"
    let keyIndex = table.columns.firstIndex(of: key) ?? 0
    let version = Int.fromDatabaseValue(row.values[table.columns.count - 2]) ?? 0
    let present = try Int.fetchOne(
      database, sql: "SELECT version FROM \(table.name) WHERE \(key) = ?",
      arguments: [row.values[keyIndex]])
    guard present.map({ $0 < version }) ?? true else { return }
    try insert(row.values, of: table, database)
  }

  private static func insert(
    _ values: [DatabaseValue], of table: CheckedTable, _ database: Database
  ) throws {
    let marks = values.map { _ in "?" }.joined(separator: ", ")
    try database.execute(
      sql: "INSERT OR REPLACE INTO \(table.name) (\(table.columns.joined(separator: ", "))) "
        + "VALUES (\(marks))", arguments: StatementArguments(values))
  }
}

// Making the others again.
extension Salvage {
  private mutating func complete(_ database: Database, cause: String) throws {
    let before = try StoreDamage.count(database)
    try restoreTraces(database)
    try restoreLedgers(database)
    try restoreBatches(database)
    try restoreHeaders(database)
    try reassign(database)
    try noteGaps(database)
    if try StoreDamage.count(database) == before {
      try note(nil, nil, "\(cause); no row was lost", database)
    }
  }

  private func note(
    _ table: String?, _ row: Int?, _ what: String, _ database: Database
  ) throws {
    try StoreDamage.note(
      table: table, row: row, what: "\(what) (the damaged file is kept as \(damagedPath))",
      found: now, database)
  }

  private func fragments(of table: String) -> [(row: FoundRow, values: [String: DatabaseValue])] {
    fragments.filter { $0.table.name == table }.map { fragment in
      let pairs = zip(fragment.table.columns, fragment.row.values)
      return (fragment.row, Dictionary(pairs) { first, _ in first })
    }
  }

  private func exists(_ table: String, _ number: Int64, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT count(*) FROM \(table) WHERE number = ?", arguments: [number]) ?? false
  }

  /// A trace from its stored bytes, which are hashed and signed, or from its public part alone.
  private func restoreTraces(_ database: Database) throws {
    for (row, values) in fragments(of: "traces") {
      guard try !exists("traces", row.rowID, database) else { continue }
      let stored = values["stored"].flatMap(Data.fromDatabaseValue).map { Array($0) } ?? []
      let part = values["public"].flatMap(Data.fromDatabaseValue).map { Array($0) } ?? []
      let (trace, publicBytes, what): (PublicTrace, [UInt8], String)
      if let sealed = try? TraceCodec.open(stored).sealed {
        (trace, publicBytes) = (sealed.publicPart, sealed.publicBytes)
        what = "restored from its stored bytes"
      } else if let verified = try? PublicTrace.verify(part) {
        (trace, publicBytes) = (verified, part)
        what = "its private part is damaged; its public part is whole"
      } else {
        continue
      }
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO traces (number, id, agent, created, stored, public)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          row.rowID, Data(trace.id.bytes), Data(trace.agent.bytes), trace.created, Data(stored),
          Data(publicBytes),
        ])
      try note("traces", Int(row.rowID), "trace \(trace.id): \(what)", database)
    }
  }

  /// A ledger's pinned key, which carries a hash of itself; the rest is asked again.
  private func restoreLedgers(_ database: Database) throws {
    for (_, values) in fragments(of: "ledgers") {
      guard let url = values["url"].flatMap(String.fromDatabaseValue),
        (try? LedgerAddress.normalize(url)) == url,
        let vkey = values["vkey"].flatMap(String.fromDatabaseValue),
        (try? NoteVerifier(vkey: vkey)) != nil
      else { continue }
      try database.execute(
        sql: "INSERT OR IGNORE INTO ledgers (url, vkey) VALUES (?, ?)", arguments: [url, vkey])
      if database.changesCount > 0 {
        try note("ledgers", nil, "\(url): its log's key is kept, the rest is forgotten", database)
      }
    }
  }

  /// Batches whose row is lost but whose header is there a second time.
  private func restoreBatches(_ database: Database) throws {
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT * FROM headers WHERE number NOT IN (SELECT number FROM batches)")
    for row in rows {
      let (number, bytes) = (try row.integer("number"), try row.bytes("header"))
      guard let header = try? BatchHeader.verify(bytes) else { continue }
      let payload = try payload(of: header, number: number, database)
      try database.execute(
        sql: """
          INSERT INTO batches (number, log, agent, sequence, hash, header, payload, count, state,
            sealed, refusal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          number, try row.text("log"), Data(header.agent.bytes), header.sequence,
          Data(Digest(sha256: bytes).bytes), Data(bytes), Data(payload ?? []), header.count,
          (payload == nil ? BatchState.quarantined : .sent).rawValue, header.created,
          payload == nil ? "its payload was damaged on the disk" : nil,
        ])
      if payload == nil {
        // The header alone is logged; a trace is credited once, in whatever batch it comes again.
        try database.execute(
          sql: "UPDATE traces SET batch = NULL WHERE batch = ?", arguments: [number])
      }
      try note(
        "batches", number,
        payload == nil
          ? "batch \(header.sequence): its header is kept, its traces go into another batch"
          : "batch \(header.sequence): restored from its traces, and sent again", database)
    }
  }

  /// The payload that a header names, from the batch's traces; nil if one of them is lost.
  private func payload(
    of header: BatchHeader, number: Int, _ database: Database
  ) throws -> [UInt8]? {
    let rows = try Row.fetchAll(
      database, sql: "SELECT public, stored FROM traces WHERE batch = ? ORDER BY number",
      arguments: [number])
    let parts = try rows.map { row in
      if let part: Data = try row.optional("public") { return Array(part) }
      return (try? TraceCodec.open(try row.bytes("stored")).sealed.publicBytes) ?? []
    }
    return try? Batch.payload(of: parts, expecting: header)
  }

  /// Second copies of headers that are lost.
  private func restoreHeaders(_ database: Database) throws {
    let numbers = try Int.fetchAll(
      database,
      sql: "SELECT number FROM batches WHERE number NOT IN (SELECT number FROM headers)")
    guard !numbers.isEmpty else { return }
    try database.execute(sql: TraceStoreSchema.copyHeaders)
    for number in numbers {
      try note("headers", number, "restored from its batch", database)
    }
  }

  /// Puts traces into the batch that holds them, and out of batches that are lost.
  private func reassign(_ database: Database) throws {
    try database.execute(
      sql: """
        UPDATE traces SET batch = NULL
        WHERE batch IS NOT NULL AND batch NOT IN (SELECT number FROM batches)
        """)
    let open = try Row.fetchAll(
      database, sql: "SELECT number, header, payload FROM batches WHERE state IN ('sealed', 'sent')"
    )
    for row in open {
      guard
        let held = try? Batch.verify(
          signedHeader: try row.bytes("header"), payload: try row.bytes("payload"))
      else { continue }
      for trace in held.traces {
        try database.execute(
          sql: "UPDATE traces SET batch = ? WHERE id = ? AND batch IS NULL AND \(Self.isRestored)",
          arguments: [try row.integer("number"), Data(trace.id.bytes), now])
      }
    }
    // A receipted batch has no payload any more, but its traces have neighbouring numbers.
    let incomplete = """
      SELECT b.number FROM batches b JOIN traces n ON n.batch = b.number
      WHERE n.number IN (traces.number - 1, traces.number + 1) AND n.agent = traces.agent
        AND b.state = 'receipted'
        AND b.count > (SELECT count(*) FROM traces s WHERE s.batch = b.number)
      """
    try database.execute(
      sql: """
        UPDATE traces SET public = NULL, batch = (\(incomplete) LIMIT 1)
        WHERE batch IS NULL AND \(Self.isRestored) AND EXISTS (\(incomplete))
        """, arguments: [now])
  }

  /// True of a trace that was made again just now.
  private static let isRestored =
    "number IN (SELECT row FROM damages WHERE place = 'traces' AND found = ?)"

  /// Rows that are missing between the first number and the last that was given.
  private func noteGaps(_ database: Database) throws {
    for table in ["traces", "batches"] {
      let present = Set(try Int.fetchAll(database, sql: "SELECT number FROM \(table)"))
      let known = Set(
        try Int.fetchAll(
          database, sql: "SELECT row FROM damages WHERE place = ?", arguments: [table]))
      // One damaged number must not make a million rows missing.
      let highest = present.max() ?? 0
      let last = (sequences[table] ?? []).filter { $0 <= highest + 64 }.max() ?? highest
      for number in stride(from: 1, through: last, by: 1)
      where !present.contains(number) && !known.contains(number) {
        try note(table, number, "lost", database)
      }
      try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
      try database.execute(
        sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, last])
    }
  }
}
