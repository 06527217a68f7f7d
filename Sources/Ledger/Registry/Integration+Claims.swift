import Corpus
import LedgerWire
import Trace
import TransparencyLog

/// Claims to shards as leaves of the log.
///
/// In `entries` a claim stands under its contributor's key, with a negative number: the contributor's
/// first claim is -1, the second -2. Batches count from 0, so that no two can be taken for each other.
extension Integration {
  /// Places a claim: the position of its leaf, or why it was refused.
  ///
  /// The first claim of a root stays, and the same claim again has the leaf that it had.
  mutating func add(_ claim: ShardClaim) throws -> Result<Int, LedgerRefusal> {
    switch try LedgerStore.standing(of: claim, connection) {
    case .refused(let refusal): return .failure(refusal)
    case .logged(let position): return .success(position)
    case .new, .unlogged: break
    }
    let outcome = try append(claim)
    if case .success(let position) = outcome {
      try LedgerStore.hold(claim, key: claim.root, position: position, now: now, connection)
    }
    return outcome
  }

  /// Appends the leaf of a claim, if its contributor's quota has room for it.
  mutating func append(_ claim: ShardClaim) throws -> Result<Int, LedgerRefusal> {
    let number: Int
    switch try nextClaim(of: claim.contributor) {
    case .failure(let refusal): return .failure(refusal)
    case .success(let next): number = next
    }
    let position = appendLeaf(
      claim.signedHeader, agent: claim.contributor, sequence: -number,
      hash: Corpus.Digest(sha256: claim.signedHeader), payload: nil, agentBytes: 0)
    claims[claim.contributor, default: []].append(position)
    return .success(position)
  }

  /// The number of a contributor's next claim, from 1, if the quota has room for it.
  private func nextClaim(of contributor: ContributorKey) throws -> Result<Int, LedgerRefusal> {
    let least = try connection.integer(
      "SELECT sequence FROM entries WHERE agent = $1 AND sequence < 0 ORDER BY sequence LIMIT 1",
      [.blob(contributor.bytes)])
    let stored = -(least ?? 0)
    let next = stored + (claims[contributor]?.count ?? 0) + 1
    let limit = quotas.claimsPerDay
    guard limit > 0, next > limit else { return .success(next) }
    // The claim that has to be a day old.
    let first = next - limit
    let logged =
      first > stored
      ? now
      : try connection.integer(
        "SELECT logged FROM entries WHERE agent = $1 AND sequence = $2",
        [.blob(contributor.bytes), .integer(-first)]) ?? 0
    let wait = logged + QuotaCheck.day - now
    guard wait > 0 else { return .success(next) }
    return .failure(
      LedgerRefusal(
        .overQuota, field: "quota.claims", found: "\(limit) in the last 24 hours",
        expected: "at most \(limit) a day", retryAfter: min(wait, QuotaCheck.day)))
  }
}

extension LedgerStore {
  /// What the ledger has of a claim.
  enum ClaimStanding {
    case new
    /// Registered in the time before claims were logged.
    case unlogged
    case logged(Int)
    case refused(LedgerRefusal)
  }

  static func standing(
    of claim: ShardClaim, _ connection: any SQLConnection
  ) throws -> ClaimStanding {
    let row = try connection.row(
      """
      SELECT held.contributor AS contributor, held.record AS record, held.entry AS entry
      FROM shards JOIN shards AS held ON held.root = coalesce(shards.holder, shards.root)
      WHERE shards.root = $1
      """, [.blob(claim.root.bytes)])
    guard let row else { return .new }
    let contributor = try row.bytes("contributor")
    guard contributor == claim.contributor.bytes else {
      return .refused(
        LedgerRefusal(
          .taken, field: "root", found: claim.root.hex,
          expected: "a shard that contributor \(Hex.encode(contributor)) has not registered before")
      )
    }
    guard try row.value("entry") == .null else { return .logged(try row.integer("entry")) }
    let held = Corpus.Digest(sha256: try row.bytes("record"))
    guard held == claim.header.registration else {
      return .refused(
        LedgerRefusal(
          .taken, field: "claim.registration", found: claim.header.registration.hex,
          expected: "\(held), the registration of this shard that you made before"))
    }
    return .unlogged
  }

  /// Keeps the registration of a claim that became a leaf.
  ///
  /// `key` is the root, unless another registration of the root came first.
  static func hold(
    _ claim: ShardClaim, key: Corpus.Digest, position: Int, now: Int,
    _ connection: any SQLConnection
  ) throws {
    let shard = claim.registration
    let isNew =
      try connection.execute(
        """
        INSERT INTO shards (root, name, contributor, contributor_name, registered, record, entry,
          claimed_root) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
        """,
        [
          .blob(key.bytes), .text(shard.name), .blob(shard.contributor.bytes),
          .text(shard.contributorName), .integer(now), .blob(claim.signedRegistration),
          .integer(position), key == shard.root ? .null : .blob(shard.root.bytes),
        ]) == 1
    if isNew {
      try DocumentRegistry(connection).add(shard.documents, of: key)
    } else {
      try connection.execute(
        "UPDATE shards SET entry = $1 WHERE root = $2",
        [.integer(position), .blob(key.bytes)])
    }
  }
}
