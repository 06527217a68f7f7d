import Corpus
import LedgerWire

/// Contests as the world sees them.
extension LedgerStore {
  private static let columns = """
    SELECT contests.number AS number, contests.filed AS filed, contests.root AS contested,
      contests.takes_root AS takes_root, contests.log AS log, contests.proven AS proven,
      coalesce(own.claimed_root, own.root) AS shard, own.contributor AS contributor,
      loser.contributor AS loser,
      (SELECT count(*) FROM cluster_moves WHERE contest = contests.number) AS clusters
    FROM contests JOIN shards AS own ON own.root = contests.own
    JOIN shards AS loser ON loser.root = contests.contested
    """

  /// The contests from that number on, a page of them.
  func contests(from first: Int, count: Int) async throws -> ContestPage {
    try await database.read { connection in
      let rows = try connection.rows(
        "\(Self.columns) WHERE contests.number >= $1 ORDER BY contests.number LIMIT $2",
        [.integer(first), .integer(count + 1)])
      let contests = try rows.prefix(count).map(ContestMessage.init(row:))
      return ContestPage(
        contests: contests, next: rows.count > count ? contests.last.map { $0.number + 1 } : nil)
    }
  }

  /// A contest with the documents whose clusters it moved.
  func contest(_ number: Int) async throws -> ContestMessage {
    try await database.read { connection in
      let row = try connection.row(
        "\(Self.columns) WHERE contests.number = $1", [.integer(number)])
      guard let row else { throw Self.noContest(number) }
      var message = try ContestMessage(row: row)
      message.documents = try connection.rows(
        """
        SELECT founder.digest AS document, owner.digest AS owner FROM cluster_moves AS moves
        JOIN shard_documents AS founder ON founder.position = moves.founder
        JOIN shard_documents AS owner ON owner.position = moves.owner
        WHERE moves.contest = $1 ORDER BY moves.founder
        """, [.integer(number)]
      ).map { row in
        ContestMessage.Document(
          document: try row.digest("document").hex, owner: try row.digest("owner").hex)
      }
      return message
    }
  }

  /// What the contestant signed, with the proof.
  func contestRecord(_ number: Int) async throws -> [UInt8] {
    let record = try await database.read { connection in
      try connection.row(
        "SELECT record FROM contests WHERE number = $1", [.integer(number)]
      )?.bytes("record")
    }
    guard let record else { throw Self.noContest(number) }
    return record
  }

  /// The number of a contest that was won before, by what was signed.
  func number(ofContest record: [UInt8]) async throws -> Int? {
    let digest = Corpus.Digest(sha256: record)
    return try await database.read { try Self.number(ofContest: digest, $0) }
  }

  private static func noContest(_ number: Int) -> LedgerRefusal {
    LedgerRefusal(
      .notFound, field: "number", found: "\(number)", expected: "the number of a contest")
  }
}

extension ContestMessage {
  fileprivate init(row: SQLRow) throws {
    self.init(
      number: try row.integer("number"), filed: try row.integer("filed"),
      contested: try row.digest("contested").hex,
      contestedContributor: Hex.encode(try row.bytes("loser")),
      shard: try row.digest("shard").hex, contributor: Hex.encode(try row.bytes("contributor")),
      log: try row.text("log"), proven: try row.integer("proven"),
      movesRoot: try row.integer("takes_root") == 1, clusters: try row.integer("clusters"))
  }
}
