import Corpus
import LedgerWire

/// The documents of registered shards, clustered by what they say; the earliest owns its cluster.
///
/// A document joins the cluster of the earliest owner that has the same words, or that is similar by
/// the fingerprints. It is compared with owners alone, found by 32 bands of four values, so that
/// chains of small edits join nothing that has little in common. What a claim costs is bounded by
/// its number of documents, however many are registered. A contest moves who owns a cluster, and
/// leaves the clusters as they are: `cluster_moves` has the present owner of those that were moved.
struct DocumentRegistry {
  /// Bounds what made-up fingerprints that share a band can cost.
  private static let maximumBucket = 64

  private let connection: any SQLConnection

  init(_ connection: any SQLConnection) {
    self.connection = connection
  }

  /// Adds the documents of a shard that was registered in this transaction.
  func add(_ documents: [DocumentFingerprint], of root: Corpus.Digest) throws {
    guard !documents.isEmpty else { return }
    let first = try reserve(documents.count)
    for (number, document) in documents.enumerated() {
      let position = first + number
      let owner = try owner(of: document, before: position)
      try connection.execute(
        """
        INSERT INTO shard_documents (position, root, number, digest, signature, owner)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
          .integer(position), .blob(root.bytes), .integer(number), .blob(document.digest.bytes),
          .blob(document.signature), owner.map { .integer($0) } ?? .null,
        ])
      guard owner == nil else { continue }
      let bands: [[SQLValue]] = document.bands.enumerated().map { band, value in
        [.integer(band), .integer(value), .integer(position)]
      }
      try connection.insert(into: "shard_bands", columns: ["band", "value", "position"], bands)
    }
  }

  /// The places of that many documents; other transactions that add documents wait for this one.
  private func reserve(_ count: Int) throws -> Int {
    try connection.execute("UPDATE shard_count SET documents = documents + $1", [.integer(count)])
    guard let total = try connection.integer("SELECT documents FROM shard_count") else {
      throw LedgerError(
        file: connection.source, field: "shard_count", found: "nothing", expected: "a number")
    }
    return total - count
  }

  /// The place of the document that owns the cluster of one that comes at `end`; nil when that
  /// is the first of its kind.
  func owner(of document: DocumentFingerprint, before end: Int) throws -> Int? {
    let equal = try connection.row(
      """
      SELECT position, owner FROM shard_documents WHERE digest = $1 AND position < $2
      ORDER BY position LIMIT 1
      """, [.blob(document.digest.bytes), .integer(end)])
    if let equal {
      return try equal.value("owner") == .null
        ? equal.integer("position") : equal.integer("owner")
    }
    var similar: Set<Int> = []
    for (band, value) in document.bands.enumerated() {
      let rows = try connection.rows(
        """
        SELECT position FROM shard_bands
        WHERE band = $1 AND value = $2 AND position < $3
        ORDER BY position LIMIT \(Self.maximumBucket)
        """, [.integer(band), .integer(value), .integer(end)])
      for row in rows { similar.insert(try row.integer("position")) }
    }
    return try similar.sorted().first { position in
      try fingerprint(at: position).similarity(document) >= DocumentFingerprint.threshold
    }
  }

  func fingerprint(at position: Int) throws -> DocumentFingerprint {
    let row = try connection.row(
      "SELECT digest, signature FROM shard_documents WHERE position = $1", [.integer(position)])
    guard let row,
      let fingerprint = DocumentFingerprint(
        digest: try row.digest("digest"), signature: try row.bytes("signature"))
    else {
      throw LedgerError(
        file: connection.source, field: "shard_documents[\(position)]",
        found: row == nil ? "nothing" : "a signature of another length",
        expected: "a document's fingerprint")
    }
    return fingerprint
  }

  /// How many documents of a shard are registered, and which of them an earlier document owns.
  func standing(of root: Corpus.Digest) throws -> (count: Int, copies: [ShardMessage.Copy]) {
    let count = try connection.integer(
      "SELECT count(*) FROM shard_documents WHERE root = $1", [.blob(root.bytes)])
    let rows = try connection.rows(
      """
      SELECT copy.number AS number, copy.digest AS digest,
        coalesce(shards.claimed_root, shards.root) AS root, original.digest AS original,
        shards.contributor AS contributor
      FROM shard_documents AS copy
      JOIN shard_documents AS original ON original.position = \(Self.ownerOfCopy)
      JOIN shards ON shards.root = original.root
      WHERE copy.root = $1 AND original.root <> copy.root ORDER BY copy.number
      """, [.blob(root.bytes)])
    let copies = try rows.map { row in
      ShardMessage.Copy(
        document: try row.digest("digest").hex, owner: try row.digest("original").hex,
        shard: try row.digest("root").hex, contributor: Hex.encode(try row.bytes("contributor")))
    }
    return (count ?? 0, copies)
  }

  /// How many documents a registration has, and how many of them others own.
  func count(
    of key: Corpus.Digest, ownedByOthersThan contributor: ContributorKey
  ) throws -> (documents: Int, copied: Int) {
    let row = try connection.row(
      """
      SELECT count(*) AS documents,
        coalesce(sum(CASE WHEN shards.contributor = $1 THEN 0 ELSE 1 END), 0) AS copied
      FROM shard_documents AS copy
      JOIN shard_documents AS original ON original.position = \(Self.ownerOfCopy)
      JOIN shards ON shards.root = original.root
      WHERE copy.root = $2
      """, [.blob(contributor.bytes), .blob(key.bytes)])
    guard let row else { return (0, 0) }
    return (try row.integer("documents"), try row.integer("copied"))
  }

  /// The place of the document that owns the cluster of the row `copy`.
  private static let ownerOfCopy = """
    coalesce(
      (SELECT moves.owner FROM cluster_moves AS moves
        WHERE moves.founder = coalesce(copy.owner, copy.position)
        ORDER BY moves.contest DESC LIMIT 1), copy.owner, copy.position)
    """
}
