import Corpus
import Foundation
import GRDB
import LedgerWire

extension LedgerStore {
  /// Makes an agent known; the first registration of a key stays.
  func register(
    _ agent: AgentRegistration, record: [UInt8], now: Int
  ) async throws -> AgentMessage {
    try await pool.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO agents (key, name, registered, record) VALUES (?, ?, ?, ?)",
        arguments: [Data(agent.agent.bytes), agent.name, now, Data(record)])
    }
    return try await self.agent(agent.agent)
  }

  /// What is known of an agent.
  func agent(_ key: ContributorKey) async throws -> AgentMessage {
    try await pool.read { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT name, registered FROM agents WHERE key = ?",
        arguments: [Data(key.bytes)])
      guard let row else {
        throw LedgerRefusal(
          .notFound, field: "agent", found: key.hex, expected: "a registered agent")
      }
      let (next, head) = try self.chain(of: key, database)
      return AgentMessage(
        agent: key.hex, name: try row.text("name"), registered: try row.integer("registered"),
        nextSequence: next, head: next == 0 ? nil : head.hex)
    }
  }

  /// Records a contributor's shard; the earliest registration of a root wins.
  func register(
    _ shard: ShardRegistration, record: [UInt8], now: Int
  ) async throws -> ShardMessage {
    try await pool.write { database in
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO shards
            (root, name, contributor, contributor_name, registered, record)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          Data(shard.root.bytes), shard.name, Data(shard.contributor.bytes),
          shard.contributorName, now, Data(record),
        ])
    }
    let held = try await self.shard(shard.root)
    guard held.contributor == shard.contributor.hex else {
      throw LedgerRefusal(
        .taken, field: "root", found: shard.root.hex,
        expected: "a shard that contributor \(held.contributor) has not registered before")
    }
    return held
  }

  /// A registered shard.
  func shard(_ root: Corpus.Digest) async throws -> ShardMessage {
    try await pool.read { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT * FROM shards WHERE root = ?", arguments: [Data(root.bytes)])
      guard let row else {
        throw LedgerRefusal(
          .notFound, field: "shard", found: root.hex, expected: "a registered shard")
      }
      return try ShardMessage(row: row)
    }
  }

  func shards(of contributor: ContributorKey, _ database: Database) throws -> [ShardMessage] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT * FROM shards WHERE contributor = ? ORDER BY registered, root LIMIT 1000
        """,
      arguments: [Data(contributor.bytes)])
    return try rows.map(ShardMessage.init(row:))
  }
}

extension ShardMessage {
  fileprivate init(row: Row) throws {
    self.init(
      root: Hex.encode(try row.data("root")), name: try row.text("name"),
      contributor: Hex.encode(try row.data("contributor")),
      contributorName: try row.text("contributor_name"),
      registered: try row.integer("registered"))
  }
}
