import Corpus
import Foundation
import LedgerWire

extension LedgerStore {
  /// Makes an agent known; the first registration of a key stays.
  ///
  /// An invitation is spent with it, once and for all, or the agent stays unknown.
  func register(
    _ agent: AgentRegistration, record: [UInt8], now: Int
  ) async throws -> AgentMessage {
    try await database.write { connection in
      let isNew =
        try connection.execute(
          """
          INSERT INTO agents (key, name, registered, record) VALUES ($1, $2, $3, $4)
          ON CONFLICT DO NOTHING
          """, [.blob(agent.agent.bytes), .text(agent.name), .integer(now), .blob(record)]) == 1
      guard isNew, case .invitation(let invitation) = agent.proof else { return }
      let isUnused =
        try connection.execute(
          "INSERT INTO invitations (id, agent, spent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
          [.blob(invitation.id), .blob(agent.agent.bytes), .integer(now)]) == 1
      guard isUnused else {
        throw LedgerRefusal(
          .notAdmitted, field: "invitation", found: "one that was used before",
          expected: "one for each agent; ask for a new one")
      }
    }
    return try await self.agent(agent.agent)
  }

  /// What is known of an agent; nil for one that is not registered.
  func knownAgent(_ key: ContributorKey) async throws -> AgentMessage? {
    do {
      return try await agent(key)
    } catch let refusal as LedgerRefusal where refusal.error == .notFound {
      return nil
    }
  }

  /// What is known of an agent.
  func agent(_ key: ContributorKey) async throws -> AgentMessage {
    try await database.read { connection in
      let row = try connection.row(
        "SELECT name, registered FROM agents WHERE key = $1", [.blob(key.bytes)])
      guard let row else {
        throw LedgerRefusal(
          .notFound, field: "agent", found: key.hex, expected: "a registered agent")
      }
      let (next, head) = try Self.chain(of: key, connection)
      return AgentMessage(
        agent: key.hex, name: try row.text("name"), registered: try row.integer("registered"),
        nextSequence: next, head: next == 0 ? nil : head.hex)
    }
  }

  /// Whether a claim is logged and has its receipt; refuses one that can never be logged.
  func isPublished(_ claim: ShardClaim) async throws -> Bool {
    try await database.read { connection in
      switch try Self.standing(of: claim, connection) {
      case .refused(let refusal): throw refusal
      case .logged(let position): try Self.hasReceipt(position, connection)
      case .new, .unlogged: false
      }
    }
  }

  /// A registered shard, and which of its documents earlier ones own.
  func shard(_ root: Corpus.Digest) async throws -> ShardMessage {
    try await database.read { connection in
      let row = try connection.row(
        """
        SELECT held.* FROM shards
        JOIN shards AS held ON held.root = coalesce(shards.holder, shards.root)
        WHERE shards.root = $1
        """, [.blob(root.bytes)])
      guard let row else {
        throw LedgerRefusal(
          .notFound, field: "shard", found: root.hex, expected: "a registered shard")
      }
      var message = try ShardMessage(row: row)
      let standing = try DocumentRegistry(connection).standing(of: row.digest("root"))
      if standing.count > 0 {
        message.documents = standing.count
        message.copies = standing.copies
      }
      guard try row.value("entry") != .null else { return message }
      let position = try row.integer("entry")
      guard try Self.hasReceipt(position, connection) else { return message }
      let leaf = try connection.row(
        "SELECT header FROM entries WHERE position = $1", [.integer(position)])
      message.claim = try leaf.map { Data(try $0.bytes("header")).base64EncodedString() }
      message.receipt = try Receipts(connection, positions: [position])
        .receipt(of: position, quorum: self.witnesses?.quorum)
      return message
    }
  }

  /// A contributor's shards, and how each stands.
  func shards(of contributor: ContributorKey, _ connection: any SQLConnection) throws
    -> [ShardMessage]
  {
    let rows = try connection.rows(
      """
      SELECT * FROM shards WHERE contributor = $1 AND holder IS NULL
      ORDER BY registered, root LIMIT 1000
      """, [.blob(contributor.bytes)])
    var looks = Self.maximumLooks
    return try rows.map { row in
      var message = try ShardMessage(row: row)
      guard looks > 0 else { return message }
      let key = try row.digest("root")
      let found = try DocumentRegistry(connection).count(of: key, ownedByOthersThan: contributor)
      looks -= found.documents
      if found.documents > 0 { message.documents = found.documents }
      message.copied = found.copied
      let contests = try connection.integer(
        "SELECT count(*) FROM contests WHERE contested = $1", [.blob(key.bytes)])
      message.standing =
        contests ?? 0 > 0 ? .contested : found.copied > 0 ? .copy : .original
      return message
    }
  }

  /// Documents whose owners one statement looks up; the shards behind them are named alone.
  private static let maximumLooks = 20_000
}

extension ShardMessage {
  fileprivate init(row: SQLRow) throws {
    self.init(
      root: try row.root().hex, name: try row.text("name"),
      contributor: Hex.encode(try row.bytes("contributor")),
      contributorName: try row.text("contributor_name"),
      registered: try row.integer("registered"))
  }
}
