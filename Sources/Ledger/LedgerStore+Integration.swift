import Corpus
import Foundation
import LedgerWire
import Trace
import TransparencyLog

extension LedgerStore {
  /// Appends a group of leaves in one durable commit; ``publish()`` makes them public.
  ///
  /// Each has its own outcome: the position of its leaf, or why it was refused. A failure of
  /// the database fails the group as a whole and leaves nothing behind.
  func integrate(
    _ group: [AdmittedLeaf], now: Int
  ) async throws -> [Result<Int, LedgerRefusal>] {
    try await database.write { connection in
      var integration = try Integration(
        connection, size: self.integratedSize(connection), quotas: self.terms.quotas, now: now)
      let outcomes = try group.map { leaf in
        switch leaf {
        case .batch(let batch): try integration.add(batch)
        case .claim(let claim): try integration.add(claim)
        case .contest(let contest, let claim): try integration.add(contest, claim)
        }
      }
      try integration.finish()
      return outcomes
    }
  }
}

/// One transaction in which the log grows.
///
/// Rows of the whole group are collected and inserted together, since what a statement costs besides
/// its rows is most of what a leaf costs.
struct Integration {
  let connection: any SQLConnection
  let now: Int
  let quotas: AgentQuotas
  private var frontier: Frontier
  private var chains: [ContributorKey: Chain] = [:]
  /// The places of claims of this group: they are not in the database yet.
  var claims: [ContributorKey: [Int]] = [:]
  private var entries: [[SQLValue]] = []
  private var hashes: [[SQLValue]] = []
  private var credits: CreditSums
  private var quota: QuotaCheck

  /// Where an agent's sequence stands.
  private struct Chain {
    let isRegistered: Bool
    var next: Int
    var head: Corpus.Digest
    /// The batches of this group: they are not in the database yet.
    var added: [Int: (position: Int, hash: Corpus.Digest)] = [:]
  }

  init(_ connection: any SQLConnection, size: Int, quotas: AgentQuotas, now: Int) throws {
    self.connection = connection
    self.now = now
    self.quotas = quotas
    frontier = try Frontier(size: size, reader: DatabaseHashes(connection: connection))
    credits = CreditSums(period: Period.containing(now))
    quota = QuotaCheck(quotas, connection, now: now)
  }

  /// Places a batch: the position of its leaf, or why it was refused.
  mutating func add(_ batch: AdmittedBatch) throws -> Result<Int, LedgerRefusal> {
    let (header, batchHash) = (batch.header, batch.hash)
    var chain = try chains[header.agent] ?? readChain(of: header.agent)
    defer { chains[header.agent] = chain }
    guard chain.isRegistered else { return .failure(.unknown(agent: header.agent)) }
    if header.sequence < chain.next {
      return try placeAgain(batch, hash: batchHash, chain: chain)
    }
    guard header.sequence == chain.next else {
      return .failure(
        .gap("batch.sequence", found: "\(header.sequence)", expected: "\(chain.next)"))
    }
    guard header.previous == chain.head else {
      return .failure(
        .gap("batch.previous", found: header.previous.hex, expected: chain.head.hex))
    }
    let agentBytes: Int
    switch try quota.take(header.agent, sequence: header.sequence, bytes: batch.byteCount) {
    case .failure(let refusal): return .failure(refusal)
    case .success(let sum): agentBytes = sum
    }
    let position = appendLeaf(
      batch.signedHeader, agent: header.agent, sequence: header.sequence, hash: batchHash,
      payload: batch.content?.payload, agentBytes: agentBytes)
    if let content = batch.content {
      credits.add(content.credits, of: header.agent, entry: position)
    }
    chain.next += 1
    chain.head = batchHash
    chain.added[header.sequence] = (position, batchHash)
    return .success(position)
  }

  /// Writes what was collected.
  mutating func finish() throws {
    try connection.insert(into: "hashes", columns: ["position", "hash"], hashes)
    try connection.insert(
      into: "entries",
      columns: [
        "position", "agent", "sequence", "hash", "header", "payload", "logged", "agent_bytes",
      ], entries)
    try credits.write(connection)
  }

  /// Puts a signed header at the end of the tree; its position.
  mutating func appendLeaf(
    _ signedHeader: [UInt8], agent: ContributorKey, sequence: Int, hash: Corpus.Digest,
    payload: [UInt8]?, agentBytes: Int
  ) -> Int {
    let position = frontier.size
    var index = NodePosition.storedCount(leaves: position)
    for hash in frontier.append(.leaf(signedHeader)) {
      hashes.append([.integer(index), .blob(hash.bytes)])
      index += 1
    }
    entries.append([
      .integer(position), .blob(agent.bytes), .integer(sequence), .blob(hash.bytes),
      .blob(signedHeader), .optional(payload), .integer(now), .integer(agentBytes),
    ])
    return position
  }

  private func readChain(of agent: ContributorKey) throws -> Chain {
    let isRegistered = try LedgerStore.isRegistered(agent, connection)
    let (next, head) = try LedgerStore.chain(of: agent, connection)
    return Chain(isRegistered: isRegistered, next: next, head: head)
  }

  /// A number that was used before: the same batch keeps its leaf, another is kept as evidence.
  private func placeAgain(
    _ batch: AdmittedBatch, hash: Corpus.Digest, chain: Chain
  ) throws -> Result<Int, LedgerRefusal> {
    let header = batch.header
    let logged =
      try chain.added[header.sequence]
      ?? LedgerStore.entry(header.agent, header.sequence, connection)
    guard let logged else {
      throw LedgerError(
        file: connection.source, field: "entries of \(header.agent)",
        found: "no sequence \(header.sequence)", expected: "every one below \(chain.next)")
    }
    guard logged.hash != hash else { return .success(logged.position) }
    try connection.execute(
      """
      INSERT INTO equivocations (agent, sequence, header, seen) VALUES ($1, $2, $3, $4)
      ON CONFLICT DO NOTHING
      """,
      [
        .blob(header.agent.bytes), .integer(header.sequence), .blob(batch.signedHeader),
        .integer(now),
      ])
    return .failure(.equivocation(header, logged: logged.hash, found: hash))
  }
}

extension LedgerStore {
  static func isRegistered(
    _ agent: ContributorKey, _ connection: any SQLConnection
  ) throws -> Bool {
    try connection.row("SELECT key FROM agents WHERE key = $1", [.blob(agent.bytes)]) != nil
  }

  /// The logged batch of an agent's sequence number.
  static func entry(
    _ agent: ContributorKey, _ sequence: Int, _ connection: any SQLConnection
  ) throws -> (position: Int, hash: Corpus.Digest)? {
    let row = try connection.row(
      "SELECT position, hash FROM entries WHERE agent = $1 AND sequence = $2",
      [.blob(agent.bytes), .integer(sequence)])
    return try row.map { (try $0.integer("position"), try $0.digest("hash")) }
  }

  /// The agent's next sequence number, and the hash of its last signed header.
  static func chain(
    of agent: ContributorKey, _ connection: any SQLConnection
  ) throws -> (next: Int, head: Corpus.Digest) {
    let row = try connection.row(
      """
      SELECT sequence, hash FROM entries WHERE agent = $1 AND sequence >= 0
      ORDER BY sequence DESC LIMIT 1
      """, [.blob(agent.bytes)])
    guard let row else { return (0, BatchHeader.noPrevious) }
    return (try row.integer("sequence") + 1, try row.digest("hash"))
  }
}

extension LedgerRefusal {
  static func unknown(agent: ContributorKey) -> LedgerRefusal {
    LedgerRefusal(
      .unknownAgent, field: "batch.agent", found: agent.hex,
      expected: "a registered agent; register with POST /v1/agents")
  }

  static func gap(_ field: String, found: String, expected: String) -> LedgerRefusal {
    LedgerRefusal(.sequenceGap, field: field, found: found, expected: expected)
  }

  static func equivocation(
    _ header: BatchHeader, logged: Corpus.Digest, found: Corpus.Digest
  ) -> LedgerRefusal {
    LedgerRefusal(
      .equivocation, field: "batch.sequence \(header.sequence)", found: "batch \(found)",
      expected: "batch \(logged), which is logged under this number; both are kept as evidence")
  }
}
