import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import TestSupport

@testable import Ledger

/// A ledger of two log shards: two real ledgers, each behind a door whose address is in the list.
final class ShardedLedger: Sendable {
  let keys: LogShardKeys
  let doors: [Door]
  let shards: LogShards
  private let running = Mutex<[RunningLedger]>([])

  var ledgers: [RunningLedger] { running.withLock { $0 } }

  /// With a list for each log in place of the right one.
  init(lists: ((LogShards) -> [LogShards?])? = nil) async throws {
    keys = try LogShardKeys()
    doors = [try Door(), try Door()]
    shards = try keys.list(at: doors.map(\.url))
    let lists = lists?(shards) ?? [shards, shards]
    for number in 0..<2 { try await start(number, with: lists[number]) }
  }

  /// Starts a log, after it was stopped on its own folder or on another.
  func start(
    _ number: Int, on folder: TemporaryFolder? = nil, with list: LogShards?,
    witnesses: Witnesses.Settings? = nil
  ) async throws {
    let ledger = try await RunningLedger(
      folder: folder ?? keys.folders[number], origin: LogShardKeys.origin(number),
      witnesses: witnesses, terms: PolicyTerms(logShards: list))
    doors[number].target.port = ledger.port
    running.withLock { ledgers in
      if number < ledgers.count { ledgers[number] = ledger } else { ledgers.append(ledger) }
    }
  }

  func stop() async throws {
    for ledger in ledgers { try await ledger.stop() }
    for door in doors { door.server.stop() }
  }

  /// An address that stays while the ledger behind it comes and goes.
  struct Door: Sendable {
    final class Target: Sendable {
      private let value = Mutex(0)

      var port: Int {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
      }
    }

    let target: Target
    let server: HostileServer
    var url: String { server.url }

    init() throws {
      let target = Target()
      self.target = target
      server = try HostileServer { request in
        guard let answer = Interposer.forward(request, to: target.port) else {
          return .hangUp
        }
        return .bytes(answer)
      }
    }

    /// From now on nobody answers here.
    func close() { target.port = 1 }
  }
}

extension Device {
  /// A device whose agent's key belongs to that log shard.
  init(logShard number: Int, of shards: LogShards) throws {
    while true {
      let folder = try TemporaryFolder()
      let home = Home(config: folder.path, data: folder.path)
      let key = try ContributorIdentity.agent(in: home).publicKey
      guard shards.index(of: key) == number else { continue }
      self = try Device(folder: folder)
      return
    }
  }
}
