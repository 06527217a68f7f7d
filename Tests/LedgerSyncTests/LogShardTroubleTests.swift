import Foundation
import GRDB
import Ledger
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import LedgerSync

/// Log shards with witnesses, and devices whose file is old or damaged.
@Suite struct LogShardTroubleTests {
  @Test func `witnesses that an agent asks for are those of its own log`() async throws {
    let ledger = try await ShardedLedger()
    let log = ledger.shards.members[1].verifier
    let witness = try WitnessProcess("w", log: log)
    let stranger = try WitnessProcess("stranger", log: log)
    try await ledger.ledgers[1].stop()
    // Log shard 0 has no witness, and needs none for agents of log shard 1.
    try await ledger.start(
      1, with: ledger.shards,
      witnesses: .init([(witness.url, witness.verifier)], quorum: 1, timeout: .seconds(10)))
    let device = try Device(logShard: 1, of: ledger.shards)
    let url = ledger.doors[0].url
    try device.addTrace()
    let policy = try WitnessPolicy(witnesses: [stranger.verifier], quorum: 1)
    let refused = try await device.synchronizer(url, witnesses: policy).sync()
    #expect(refused.outcome == .distrusted, "\(refused.sentences)")
    #expect(refused.sentences.contains { $0.contains("not believed without witnesses") })
    #expect(try device.count(.receipted) == 0)
    let own = try WitnessPolicy(witnesses: [witness.verifier], quorum: 1)
    let report = try await device.synchronizer(url, witnesses: own).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(try device.count(.receipted) == 1)
    try await ledger.stop()
  }

  @Test func `a file from before log shards is brought up to date`() async throws {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    let id = try device.addTrace().id
    try device.store.close()
    let file = try DatabaseQueue(path: device.home.traces)
    try await file.write { database in
      try database.execute(
        sql: "DROP TABLE log_shards; DELETE FROM grdb_migrations WHERE identifier = '3'")
    }
    try file.close()
    let again = try Device(folder: device.folder)
    #expect(try again.store.list().map(\.id) == [id])
    #expect(try again.store.damages().isEmpty)
    #expect(try await again.synchronizer(ledger.doors[0].url).sync().outcome == .complete)
    #expect(try again.store.logShards(ledger: ledger.doors[0].url) == ledger.shards)
    try await ledger.stop()
  }

  @Test func `a list that was damaged on the disk is learned again`() async throws {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    let url = ledger.doors[0].url
    try device.addTrace()
    #expect(try await device.synchronizer(url).sync().outcome == .complete)
    try await device.store.pool.writeWithoutTransaction { database in
      try database.execute(
        sql: """
          DROP TRIGGER temp.checksum_updated_log_shards;
          UPDATE log_shards SET policy = substr(policy, 1, 50);
          """)
    }
    device.store.moveLog()
    try device.addTrace()
    let report = try await device.synchronizer(url).sync()
    #expect(report.outcome == .complete, "\(report.sentences)")
    #expect(try device.store.logShards(ledger: url) == ledger.shards)
    #expect(try device.count(.receipted) == 2)
    #expect(try await ledger.ledgers[1].contents().headers.count == 2)
    #expect(try await ledger.ledgers[0].contents().headers.isEmpty)
    try await ledger.stop()
  }
}
