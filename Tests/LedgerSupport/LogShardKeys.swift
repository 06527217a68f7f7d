import Corpus
import Ledger
import LedgerWire
import TestSupport
import TransparencyLog

/// Folders with the keys of a ledger's log shards, each under a name of its own.
package struct LogShardKeys {
  package let folders: [TemporaryFolder]

  package init(_ count: Int = 2) throws {
    folders = try (0..<count).map { _ in try TemporaryFolder() }
    for number in 0..<count {
      _ = try LedgerKey.loadOrCreate(in: folders[number].path, origin: Self.origin(number))
    }
  }

  package static func origin(_ number: Int) -> String { "shard\(number).example/log" }

  package func signer(_ number: Int) throws -> NoteSigner {
    try LedgerKey.load(in: folders[number].path)
  }

  /// The list with the logs at these addresses; without any, at made-up ones.
  package func list(at urls: [String] = []) throws -> LogShards {
    try LogShards(
      folders.indices.map { number in
        let url = urls.isEmpty ? "https://shard\(number).example" : urls[number]
        return try LogShards.Member(text: "\(url)=\(signer(number).verifier.vkey)")
      })
  }
}

extension TestAgent {
  /// A new agent whose key belongs to that log shard.
  package static func inLogShard(_ number: Int, of shards: LogShards) throws -> TestAgent {
    while true {
      let agent = try TestAgent()
      if shards.index(of: agent.identity.publicKey) == number { return agent }
    }
  }
}
