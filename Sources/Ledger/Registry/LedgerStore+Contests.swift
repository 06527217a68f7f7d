import Corpus
import LedgerWire
import TransparencyLog

/// A contest whose signatures and proof were checked under a policy.
struct AdmittedContest: Sendable {
  let contest: Contest
  /// As it was signed.
  let record: [UInt8]
  let proven: ProvenClaim
  let policy: LedgerPolicy

  var digest: Corpus.Digest { Corpus.Digest(sha256: record) }

  func decision(
    _ connection: any SQLConnection, number: Int, now: Int
  ) -> ContestDecision {
    ContestDecision(
      connection: connection, contest: contest, proven: proven, number: number,
      window: policy.terms.contests.window, now: now)
  }
}

extension LedgerStore {
  /// Decides a contest about documents and returns its number, which it keeps when it comes again.
  func decide(_ admitted: AdmittedContest, now: Int) async throws -> Int {
    try await database.write { connection in
      if let number = try Self.number(ofContest: admitted.digest, connection) { return number }
      let number = try Self.nextContest(connection)
      let decision = admitted.decision(connection, number: number, now: now)
      let contest = admitted.contest
      try Self.checkRegistered(contest, connection)
      let own = try decision.holder(of: contest.own)
      let contributor = try Self.contributor(of: own, connection)
      guard contributor == contest.contestant.bytes else {
        throw LedgerRefusal(
          contributor == nil ? .notFound : .taken, field: "contest.own", found: contest.own.hex,
          expected: "a shard that you registered here; register it first: POST /v1/shards")
      }
      let won = try decision.moves(to: own).get()
      try Self.keep(
        admitted, decision, contested: won.loser, own: own, moves: won.moves, connection)
      return number
    }
  }

  static func number(
    ofContest digest: Corpus.Digest, _ connection: any SQLConnection
  ) throws -> Int? {
    try connection.integer(
      "SELECT number FROM contests WHERE digest = $1", [.blob(digest.bytes)])
  }

  static func nextContest(_ connection: any SQLConnection) throws -> Int {
    (try connection.integer("SELECT max(number) FROM contests") ?? -1) + 1
  }

  static func checkRegistered(_ contest: Contest, _ connection: any SQLConnection) throws {
    guard try contributor(of: contest.contested, connection) != nil else {
      throw LedgerRefusal(
        .notFound, field: "contest.contested", found: contest.contested.hex,
        expected: "a registered shard")
    }
  }

  /// Who has the root that a contest is about: somebody else.
  static func contestedKey(
    _ decision: ContestDecision, _ connection: any SQLConnection
  ) throws -> Corpus.Digest {
    let contest = decision.contest
    try checkRegistered(contest, connection)
    let key = try decision.holder(of: contest.contested)
    guard try contributor(of: key, connection) != contest.contestant.bytes else {
      throw LedgerRefusal(
        .notProven, field: "contest.contested", found: "a shard of your own",
        expected: "somebody else's")
    }
    return key
  }

  static func contributor(
    of key: Corpus.Digest, _ connection: any SQLConnection
  ) throws -> [UInt8]? {
    try connection.row(
      "SELECT contributor FROM shards WHERE root = $1", [.blob(key.bytes)]
    )?.bytes("contributor")
  }

  /// Keeps a contest that was won, with what it moves.
  static func keep(
    _ admitted: AdmittedContest, _ decision: ContestDecision, contested: Corpus.Digest,
    own: Corpus.Digest, moves: [ContestDecision.Move], _ connection: any SQLConnection
  ) throws {
    let contest = admitted.contest
    let takesRoot = contest.own == contest.contested
    try connection.execute(
      """
      INSERT INTO contests (number, digest, record, filed, policy, root, contested, own, takes_root,
        log, proven) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      """,
      [
        .integer(decision.number), .blob(admitted.digest.bytes), .blob(admitted.record),
        .integer(decision.now), .blob(admitted.policy.digest.bytes),
        .blob(contest.contested.bytes), .blob(contested.bytes), .blob(own.bytes),
        .integer(takesRoot ? 1 : 0), .text(admitted.proven.log),
        .integer(try decision.provenTime()),
      ])
    try connection.insert(
      into: "cluster_moves", columns: ["founder", "contest", "owner"],
      moves.map { [.integer($0.founder), .integer(decision.number), .integer($0.owner)] })
    guard takesRoot else { return }
    let root = SQLValue.blob(contest.contested.bytes)
    try connection.execute(
      "UPDATE shards SET holder = $1 WHERE (root = $2 OR claimed_root = $2) AND root <> $1",
      [.blob(own.bytes), root])
    try connection.execute(
      "UPDATE shards SET holder = NULL WHERE root = $1", [.blob(own.bytes)])
  }
}

/// Contests that take a root: the contestant's claim becomes a leaf.
extension Integration {
  /// Places the claim of a contest about a root: the position of its leaf, or why it was refused.
  mutating func add(_ admitted: AdmittedContest, _ claim: ShardClaim) throws -> Result<
    Int, LedgerRefusal
  > {
    let number = try LedgerStore.nextContest(connection)
    let decision = admitted.decision(connection, number: number, now: now)
    let registered = try registration(of: claim)
    if try LedgerStore.number(ofContest: admitted.digest, connection) != nil, let registered {
      return .success(registered.position)
    }
    do {
      let contested = try LedgerStore.contestedKey(decision, connection)
      if let refusal = try decision.rootRefusal() { return .failure(refusal) }
      let own: (key: Corpus.Digest, position: Int)
      if let registered {
        own = registered
      } else {
        switch try append(claim) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let position): own = (claim.contestKey, position)
        }
        try LedgerStore.hold(
          claim, key: own.key, position: own.position, now: now, connection)
      }
      // None of the squatter's documents has to be one of the shard's.
      let moves: [ContestDecision.Move] =
        switch try decision.moves(to: own.key) {
        case .success(let won): won.moves
        case .failure: []
        }
      try LedgerStore.keep(
        admitted, decision, contested: contested, own: own.key, moves: moves, connection)
      return .success(own.position)
    } catch let refusal as LedgerRefusal {
      return .failure(refusal)
    }
  }

  /// The registration of a root that the contributor has already, from the time before it was lost.
  private func registration(
    of claim: ShardClaim
  ) throws -> (key: Corpus.Digest, position: Int)? {
    let row = try connection.row(
      """
      SELECT root, entry FROM shards
      WHERE (root = $1 OR claimed_root = $1) AND contributor = $2 AND entry IS NOT NULL
      ORDER BY entry LIMIT 1
      """, [.blob(claim.root.bytes), .blob(claim.contributor.bytes)])
    return try row.map { (try $0.digest("root"), try $0.integer("entry")) }
  }
}

extension ShardClaim {
  /// What stands for the root of a claim in the registry when somebody else's came first.
  var contestKey: Corpus.Digest { Self.contestKey(of: signedRegistration) }

  static func contestKey(of record: [UInt8]) -> Corpus.Digest {
    Corpus.Digest(sha256: Array("tributary-contested-root/v1\n".utf8) + record)
  }
}

extension SQLRow {
  /// The root of a row of `shards`, which may have another key.
  func root() throws -> Corpus.Digest {
    try value("claimed_root") == .null ? digest("root") : digest("claimed_root")
  }
}
