import Corpus
import LedgerWire
import TransparencyLog

/// Contests, decided again in their order under the policies that were in force.
extension Fsck {
  func checkContests(_ connection: any SQLConnection) throws {
    var rows = PagedRows(connection, "SELECT * FROM contests", by: ["number"], limit: 1)
    var (count, moves) = (0, 0)
    while let row = try rows.next() {
      let field = "contests[\(count)]"
      check(databaseName, "\(field).number", try row.integer("number"), count)
      do {
        moves += try checkContest(row, field: field, connection)
      } catch let error as LedgerRefusal {
        differ(
          databaseName, "\(field).record.\(error.field)", found: error.found,
          expected: error.expected)
      }
      count += 1
    }
    check(
      databaseName, "cluster_moves",
      try connection.integer("SELECT count(*) FROM cluster_moves"), moves)
  }

  /// Checks one contest; returns the number of clusters that it moved.
  private func checkContest(
    _ row: SQLRow, field: String, _ connection: any SQLConnection
  ) throws -> Int {
    let record = try row.bytes("record")
    check(databaseName, "\(field).digest", try row.digest("digest"), Digest(sha256: record))
    let contest = try Contest.verify(record, origin: verifier.name)
    guard let policy = try policy(try row.digest("policy"), connection) else {
      differ(
        databaseName, "\(field).policy", found: try row.digest("policy").hex,
        expected: "the digest of one of the policies")
      return 0
    }
    let filed = try row.integer("filed")
    let proven = try ProvenClaim.verify(
      contest, terms: policy.terms.contests, own: verifier, now: filed)
    let decision = ContestDecision(
      connection: connection, contest: contest, proven: proven, number: try row.integer("number"),
      window: policy.terms.contests.window, now: filed)
    check(databaseName, "\(field).root", try row.digest("root"), contest.contested)
    check(databaseName, "\(field).log", try row.text("log"), proven.log)
    check(databaseName, "\(field).proven", try row.integer("proven"), try decision.provenTime())
    let takesRoot = contest.own == contest.contested
    check(databaseName, "\(field).takes_root", try row.integer("takes_root"), takesRoot ? 1 : 0)
    let own = try row.digest("own")
    try checkOwn(own, contest, decision, field: field, connection)
    if takesRoot, let refusal = try decision.rootRefusal() { throw refusal }
    let expected: [ContestDecision.Move]
    var contested = try decision.holder(of: contest.contested)
    switch try decision.moves(to: own) {
    case .success(let won):
      expected = won.moves
      if !takesRoot { contested = won.loser }
    case .failure(let refusal):
      guard takesRoot else { throw refusal }
      expected = []
    }
    check(databaseName, "\(field).contested", try row.digest("contested"), contested)
    let found = try connection.rows(
      "SELECT founder, owner FROM cluster_moves WHERE contest = $1 ORDER BY founder",
      [.integer(decision.number)]
    ).map {
      ContestDecision.Move(founder: try $0.integer("founder"), owner: try $0.integer("owner"))
    }
    check(
      databaseName, "\(field).moves", found, expected.sorted { $0.founder < $1.founder })
    return found.count
  }

  /// The registration that won is the contestant's, and has the root.
  private func checkOwn(
    _ own: Corpus.Digest, _ contest: Contest, _ decision: ContestDecision, field: String,
    _ connection: any SQLConnection
  ) throws {
    let row = try connection.row(
      "SELECT root, contributor, claimed_root FROM shards WHERE root = $1", [.blob(own.bytes)])
    guard let row else {
      return differ(
        databaseName, "\(field).own", found: own.hex, expected: "the key of a registration")
    }
    check(
      databaseName, "\(field).own.contributor", try row.bytes("contributor"),
      contest.contestant.bytes)
    guard contest.own == contest.contested else {
      return check(databaseName, "\(field).own", own, try decision.holder(of: contest.own))
    }
    check(databaseName, "\(field).own.root", try row.root(), contest.own)
  }

  private func policy(
    _ digest: Corpus.Digest, _ connection: any SQLConnection
  ) throws -> LedgerPolicy? {
    let note = try connection.row(
      "SELECT note FROM policies WHERE digest = $1", [.blob(digest.bytes)]
    )?.text("note")
    return note.flatMap { text in
      (try? SignedNote(encoded: Array(text.utf8))).flatMap {
        try? LedgerPolicy.verify($0, by: verifier)
      }
    }
  }

  /// The key of a registration: its root, or what stands for it.
  func checkKey(_ row: SQLRow, of shard: ShardRegistration, field: String) throws {
    check(databaseName, "\(field).root", try row.root(), shard.root)
    guard try row.value("claimed_root") != .null else { return }
    check(
      databaseName, "\(field).key", try row.digest("root"),
      ShardClaim.contestKey(of: try row.bytes("record")))
  }

  /// Who holds the root of a registration, after all contests.
  func checkHolder(_ row: SQLRow, field: String, _ connection: any SQLConnection) throws {
    let key = try row.digest("root")
    let expected = try ContestDecision.holder(of: row.root(), before: .max, connection)
    let found = try row.optionalBytes("holder")
    check(
      databaseName, "\(field).holder", found.map(Hex.encode) ?? "none",
      expected == key ? "none" : expected.hex)
  }
}
