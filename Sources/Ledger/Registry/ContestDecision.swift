import Corpus
import LedgerWire

/// What a contest moves, decided from the registry as it was before it.
///
/// Clusters stay as registrations made them; what moves is who owns one. A claim wins a cluster when
/// it was made before the present owner got it, and one of its documents says what the cluster's
/// first document says.
struct ContestDecision {
  /// A cluster, by its first document, and the document that owns it from now on.
  struct Move: Equatable {
    let founder: Int
    let owner: Int
  }

  /// Why somebody owns something: what an earlier time beats, as long as the window is open.
  private struct Title {
    let time: Int
    /// From when the window runs.
    let since: Int
    /// The leaf of the registration; nil where a contest was won, or without one.
    var entry: Int?
    /// The registration.
    let key: Corpus.Digest
  }

  let connection: any SQLConnection
  let contest: Contest
  let proven: ProvenClaim
  /// Of this contest; what later ones did is not looked at.
  let number: Int
  let window: Int
  /// When it was filed.
  let now: Int

  /// The key in the registry of who has a root: the root itself, until a contest moved it.
  func holder(of root: Corpus.Digest) throws -> Corpus.Digest {
    try Self.holder(of: root, before: number, connection)
  }

  static func holder(
    of root: Corpus.Digest, before number: Int, _ connection: any SQLConnection
  ) throws -> Corpus.Digest {
    try connection.row(
      """
      SELECT own FROM contests WHERE root = $1 AND takes_root = 1 AND number < $2
      ORDER BY number DESC LIMIT 1
      """, [.blob(root.bytes), .integer(number)]
    )?.digest("own") ?? root
  }

  /// When the claim was made, in seconds since 1970-01-01 UTC.
  func provenTime() throws -> Int {
    switch proven.source {
    case .witnesses(let time): return time
    case .own(let index):
      let logged = try connection.integer(
        "SELECT logged FROM entries WHERE position = $1", [.integer(index)])
      guard let logged else {
        throw LedgerError(
          file: connection.source, field: "entries[\(index)]", found: "nothing",
          expected: "the leaf that a checkpoint covers")
      }
      return logged
    }
  }

  /// Why the contest does not get the root that it is about; nil if it does.
  func rootRefusal() throws -> LedgerRefusal? {
    guard proven.claim.root == contest.contested else {
      return LedgerRefusal(
        .notProven, field: "contest.proof.root", found: proven.claim.root.hex,
        expected: "an earlier claim to the contested root \(contest.contested)")
    }
    let title = try title(ofRoot: contest.contested)
    guard isOpen(title) else { return closed(title) }
    return try beats(title) ? nil : notEarlier(title)
  }

  /// The clusters of the contested root that go to the contestant's registration, and the first
  /// registration that loses one; or why none does.
  func moves(to own: Corpus.Digest) throws -> Result<
    (moves: [Move], loser: Corpus.Digest), LedgerRefusal
  > {
    let registry = DocumentRegistry(connection)
    let claimed = FingerprintIndex(proven.claim.registration.documents)
    var (moves, seen): ([Move], Set<Int>) = ([], [])
    var loser: Corpus.Digest?
    var (late, notEarlier, other): (Title?, Title?, Bool) = (nil, nil, false)
    let rows = try connection.rows(
      """
      SELECT position, coalesce(owner, position) AS founder FROM shard_documents
      WHERE root = $1 ORDER BY position
      """, [.blob(own.bytes)])
    for row in rows {
      let founder = try row.integer("founder")
      guard seen.insert(founder).inserted,
        let title = try title(ofCluster: founder)
      else { continue }
      if !isOpen(title) {
        late = title
      } else if try !beats(title) {
        notEarlier = title
      } else if try !claimed.contains(registry.fingerprint(at: founder)) {
        other = true
      } else {
        loser = loser ?? title.key
        moves.append(Move(founder: founder, owner: try row.integer("position")))
      }
    }
    if let loser { return .success((moves, loser)) }
    if other { return .failure(notSimilar) }
    if let notEarlier { return .failure(try self.notEarlier(notEarlier)) }
    return .failure(late.map(closed) ?? nothing)
  }

  private func title(ofRoot root: Corpus.Digest) throws -> Title {
    let row = try connection.row(
      """
      SELECT own, filed, proven FROM contests WHERE root = $1 AND takes_root = 1 AND number < $2
      ORDER BY number DESC LIMIT 1
      """, [.blob(root.bytes), .integer(number)])
    if let row {
      return Title(
        time: try row.integer("proven"), since: try row.integer("filed"),
        key: try row.digest("own"))
    }
    return try title(ofRegistration: root)
  }

  private func title(ofRegistration key: Corpus.Digest) throws -> Title {
    let row = try connection.row(
      "SELECT registered, entry FROM shards WHERE root = $1", [.blob(key.bytes)])
    guard let row else {
      throw LedgerError(
        file: connection.source, field: "shards[\(key)]", found: "nothing",
        expected: "the registration of a document")
    }
    let registered = try row.integer("registered")
    return Title(
      time: registered, since: registered,
      entry: try row.value("entry") == .null ? nil : row.integer("entry"), key: key)
  }

  /// Why a registration that is contested owns a cluster; nil if none does.
  private func title(ofCluster founder: Int) throws -> Title? {
    let moved = try connection.row(
      """
      SELECT documents.root AS root, contests.filed AS filed, contests.proven AS proven
      FROM cluster_moves AS moves
      JOIN shard_documents AS documents ON documents.position = moves.owner
      JOIN contests ON contests.number = moves.contest
      WHERE moves.founder = $1 AND moves.contest < $2 ORDER BY moves.contest DESC LIMIT 1
      """, [.integer(founder), .integer(number)])
    if let moved {
      let key = try moved.digest("root")
      guard try isContested(key) else { return nil }
      return Title(
        time: try moved.integer("proven"), since: try moved.integer("filed"), key: key)
    }
    let key = try connection.row(
      "SELECT root FROM shard_documents WHERE position = $1", [.integer(founder)]
    )?.digest("root")
    guard let key, try isContested(key) else { return nil }
    return try title(ofRegistration: key)
  }

  /// Whether a registration is of the contested root, and somebody else's.
  ///
  /// One that lost the root to a contest is too: it keeps the clusters that the contest left.
  private func isContested(_ key: Corpus.Digest) throws -> Bool {
    let row = try connection.row(
      "SELECT root, claimed_root, contributor FROM shards WHERE root = $1", [.blob(key.bytes)])
    guard let row else { return false }
    return try row.root() == contest.contested
      && row.bytes("contributor") != contest.contestant.bytes
  }

  private func isOpen(_ title: Title) -> Bool { window > 0 && now - title.since <= window }

  private func beats(_ title: Title) throws -> Bool {
    let time = try provenTime()
    if time != title.time { return time < title.time }
    guard case .own(let index) = proven.source, let entry = title.entry else { return false }
    return index < entry
  }
}

/// Refusals in words.
extension ContestDecision {
  private var nothing: LedgerRefusal {
    LedgerRefusal(
      .notProven, field: "contest.own",
      found: "no document of \(contest.own) whose cluster \(contest.contested) owns",
      expected: "at least one")
  }

  private var notSimilar: LedgerRefusal {
    LedgerRefusal(
      .notProven, field: "contest.proof.documents",
      found: "none among \(proven.claim.registration.documents.count) fingerprints",
      expected: "one that says what a contested document says")
  }

  private func notEarlier(_ title: Title) throws -> LedgerRefusal {
    LedgerRefusal(
      .notProven, field: "contest.proof.time", found: "\(try provenTime())",
      expected: "a time before \(title.time), which the contested registration has")
  }

  private func closed(_ title: Title) -> LedgerRefusal {
    LedgerRefusal(
      .contestClosed, field: "contest.window", found: "a contest at \(now)",
      expected: window > 0
        ? "one by \(title.since + window), \(window) seconds after \(title.since)"
        : "none; this ledger takes no contests")
  }
}
