import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import LedgerSync

/// Agents and a ledger of two log shards, over HTTP.
@Suite struct LogShardTests {
  @Test func `agents reach their own log through the address of any`() async throws {
    let ledger = try await ShardedLedger()
    let doors = ledger.doors
    for (entry, number) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      let device = try Device(logShard: number, of: ledger.shards)
      let synchronizer = try device.synchronizer(doors[entry].url)
      try device.addTrace()
      let report = try await synchronizer.sync()
      #expect(report.outcome == .complete, "\(report.sentences)")
      let name = "the log \(LogShardKeys.origin(number)) at \(doors[number].url)."
      #expect(report.sentences.contains { $0.hasSuffix(name) } == (entry != number))
      #expect(report.sentences.last?.contains("log shard \(number) of 2") == (entry != number))

      // From then on the other log is left alone, and a dry run says so.
      try device.addTrace()
      let preview = try await synchronizer.sync(dryRun: true)
      let before = doors.map(\.server.requests.count)
      #expect(try await synchronizer.sync().outcome == .complete)
      let after = doors.map(\.server.requests.count)
      #expect(after[1 - number] == before[1 - number])
      #expect(
        doors[number].server.requests.dropFirst(before[number]).map(\.requestLine)
          .filter { !$0.contains("consistency") }
          == preview.requests.map {
            "\($0.method) \($0.url.dropFirst(doors[number].url.count)) HTTP/1.1"
          })

      #expect(try device.count(.receipted) == 2)
      for trace in try device.store.list() {
        let loaded = try #require(try device.store.load(trace.id)?.entry.receipt)
        #expect(loaded.log == ledger.shards.members[number].verifier.vkey)
      }
    }
    for number in 0..<2 {
      let headers = try await ledger.ledgers[number].contents().headers
      #expect(headers.count == 4)
      for header in headers {
        #expect(ledger.shards.index(of: try BatchHeader.verify(header).agent) == number)
      }
    }
    try await ledger.stop()
  }

  @Test func `another list than the first one is not believed`() async throws {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    try device.addTrace()
    let synchronizer = try device.synchronizer(ledger.doors[0].url)
    #expect(try await synchronizer.sync().outcome == .complete)
    // The key of log shard 0 signs another list, and log shard 1 is gone.
    try await ledger.ledgers[0].stop()
    ledger.doors[1].close()
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: ledger.keys.folders[0].path + "/log.key", toPath: folder.path + "/log.key")
    let stranger = try LogShardKeys().list(at: ledger.doors.map(\.url)).members[1]
    let other = try LogShards([ledger.shards.members[0], stranger])
    try await ledger.start(0, on: folder, with: other)
    try device.addTrace()
    let report = try await synchronizer.sync()
    #expect(report.outcome == .distrusted)
    #expect(
      report.sentences.contains { $0.contains("names other log shards than before") },
      "\(report.sentences)")
    #expect(try device.count(.sealed) + device.count(.pending) + device.count(.sent) == 1)
    // Unless the person decides that it is another ledger.
    try device.store.forgetLedger(ledger.doors[0].url)
    #expect(try device.store.logShards(ledger: ledger.doors[0].url) == nil)
    try await ledger.stop()
  }

  @Test func `a log shard that lists others, or none, is not believed`() async throws {
    for lists in [
      { [$0, nil] }, { [$0, try? LogShards($0.members.reversed())] },
    ] as [(LogShards) -> [LogShards?]] {
      let ledger = try await ShardedLedger(lists: lists)
      let device = try Device(logShard: 1, of: ledger.shards)
      try device.addTrace()
      let report = try await device.synchronizer(ledger.doors[0].url).sync()
      #expect(report.outcome == .distrusted, "\(report.sentences)")
      #expect(try device.store.statistics().waiting == 1)
      #expect(try await ledger.ledgers[1].contents().headers.isEmpty)
      try await ledger.stop()
    }
  }

  @Test func `a log shard that moved is found again, with its history`() async throws {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    let synchronizer = try device.synchronizer(ledger.doors[0].url)
    try device.addTrace()
    #expect(try await synchronizer.sync().outcome == .complete)
    let seen = try device.store.ledger(ledger.doors[1].url)?.checkpoint
    let place = try Interposer(port: ledger.ledgers[1].port)
    ledger.doors[1].close()
    try device.addTrace()
    // Nobody has said where it went.
    let lost = try await synchronizer.sync()
    #expect(lost.outcome == .later)
    #expect(lost.waitingTraces == 1)
    try await ledger.ledgers[0].stop()
    try await ledger.start(
      0, with: ledger.keys.list(at: [ledger.doors[0].url, place.url]))
    let found = try await synchronizer.sync()
    #expect(found.outcome == .complete, "\(found.sentences)")
    #expect(found.sentences.contains { $0.contains("at \(place.url).") }, "\(found.sentences)")
    #expect(seen != nil)
    #expect(place.requests.contains { $0.requestLine.contains("consistency?from=1&to=2") })
    #expect(!place.requests.contains { $0.requestLine.contains("/v1/agents") })
    place.stop()
    try await ledger.stop()
  }

  @Test func `what was sealed for a log that does not take the key goes to the one that does`()
    async throws
  {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    let ids = try (0..<3).map { _ in try device.addTrace().id }
    let synchronizer = try device.synchronizer(
      ledger.doors[0].url, logKey: ledger.shards.members[0].verifier.vkey)
    _ = try await synchronizer.sync(dryRun: true)
    #expect(try device.count(.sealed) == 3)
    #expect(try await synchronizer.sync().outcome == .complete)
    #expect(try device.count(.receipted) == 3)
    let contents = try await ledger.ledgers[1].contents()
    let logged = try zip(contents.headers, contents.payloads).flatMap {
      try Batch.verify(signedHeader: $0, payload: $1).traces.map(\.id)
    }
    #expect(logged == ids)
    // A key that is given later has to be that of the address, as ever.
    try device.addTrace()
    let wrong = try device.synchronizer(
      ledger.doors[0].url, logKey: ledger.shards.members[1].verifier.vkey)
    #expect(try await wrong.sync().outcome == .distrusted)
    try await ledger.stop()
  }

  @Test func `an agent with another key goes to another log, which the list names as well`()
    async throws
  {
    let ledger = try await ShardedLedger()
    let device = try Device(logShard: 1, of: ledger.shards)
    try device.addTrace()
    #expect(try await device.synchronizer(ledger.doors[0].url).sync().outcome == .complete)
    unlink(device.home.agentKey)
    var again = try Device(folder: device.folder)
    while ledger.shards.index(of: again.identity.publicKey) != 0 {
      unlink(device.home.agentKey)
      again = try Device(folder: device.folder)
    }
    try again.addTrace()
    #expect(try await again.synchronizer(ledger.doors[0].url).sync().outcome == .complete)
    for running in ledger.ledgers {
      #expect(try await running.contents().headers.count == 1)
    }
    try await ledger.stop()
  }
}
