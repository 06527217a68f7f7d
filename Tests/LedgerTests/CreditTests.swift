import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import Testing
import Trace

@testable import Ledger

@Suite struct CreditTests {
  @Test func `traces credited by an earlier version stay credited, once`() async throws {
    let ledger = try TestLedger()
    let ada = try ContributorIdentity(name: "Ada").publicKey
    var agents = [try TestAgent(), try TestAgent()]
    var rows: [(agent: ContributorKey, id: TraceID, entry: Int)] = []
    var first: [UInt8] = []
    for (entry, index) in [0, 1, 0].enumerated() {
      if entry < 2 { try await ledger.registered(agents[index]) }
      let part = try agents[index].trace([(ada, 100_000)])
      if entry == 0 { first = part }
      rows.append((agents[index].identity.publicKey, try PublicTrace.verify(part).id, entry))
      _ = try await ledger.service.submit(agents[index].next([part]))
    }
    try ledger.store.close()
    let path = ledger.folder.path + "/" + LedgerSchema.file
    let before = try credited(path)
    #expect(before.count == 3)
    try restoreOldTable(path, rows)
    let reopened = try TestLedger(folder: ledger.folder)
    // In another batch once more, beside a new one.
    _ = try await reopened.service.submit(
      agents[0].next([first, agents[0].trace([(ada, 50_000)])]))
    let statement = try await reopened.store.statement(of: ada, period: nil)
    #expect((statement.answers, statement.sharePPM) == (4, 350_000))
    try reopened.store.close()
    let after = try credited(path)
    #expect(after.filter { $0["entry"] < 3 } == before)
    #expect(after.count == 4)
  }

  private func credited(_ path: String) throws -> [Row] {
    try DatabaseQueue(path: path).read {
      try Row.fetchAll($0, sql: "SELECT trace, entry FROM credited ORDER BY trace")
    }
  }

  /// The table as it was.
  private func restoreOldTable(
    _ path: String, _ rows: [(agent: ContributorKey, id: TraceID, entry: Int)]
  ) throws {
    try DatabaseQueue(path: path).write { database in
      try database.execute(
        sql: """
          CREATE TABLE traces (
            agent BLOB NOT NULL, id BLOB NOT NULL, entry INTEGER NOT NULL,
            PRIMARY KEY (agent, id)) WITHOUT ROWID
          """)
      for row in rows {
        try database.execute(
          sql: "INSERT INTO traces (agent, id, entry) VALUES (?, ?, ?)",
          arguments: [Data(row.agent.bytes), Data(row.id.bytes), row.entry])
      }
      try database.execute(sql: "DROP TABLE credited")
      try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = 'credited'")
    }
  }

  @Test func `a trace twice in one group is credited once, in the first entry`() async throws {
    let ledger = try TestLedger()
    let part = try PublicTrace.verify(TestAgent().trace())
    let (credited, entry, again) = try await ledger.store.database.write { connection in
      let batch = BatchCredits([part])
      var sums = CreditSums(period: "2026-11")
      for entry in [7, 3, 5] { sums.add(batch, of: part.agent, entry: entry) }
      let credited = try sums.write(connection).map(\.entry)
      let key = CreditKey(agent: part.agent, id: part.id).value
      let entry = try LedgerStore.entry(crediting: key, connection)
      // Nothing waits any more, and the trace is known.
      var again = try sums.write(connection).count
      sums.add(batch, of: part.agent, entry: 9)
      again += try sums.write(connection).count
      return (credited, entry, again)
    }
    #expect(credited == [3])
    #expect(entry == 3)
    #expect(again == 0)
  }
}
