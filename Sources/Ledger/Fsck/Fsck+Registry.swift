import Corpus
import LedgerWire

/// The documents of registered shards, and who owns what they say.
extension Fsck {
  /// The rows of a shard's documents against its signed claim.
  func checkDocuments(
    of shard: ShardRegistration, key: Corpus.Digest, field: String, _ connection: any SQLConnection
  ) throws {
    let rows = try connection.rows(
      "SELECT number, digest, signature FROM shard_documents WHERE root = $1 ORDER BY number",
      [.blob(key.bytes)])
    check(databaseName, "\(field).documents", rows.count, shard.documents.count)
    for (number, (row, document)) in zip(rows, shard.documents).enumerated() {
      let name = "\(field).documents[\(number)]"
      check(databaseName, "\(name).number", try row.integer("number"), number)
      check(databaseName, "\(name).digest", try row.digest("digest"), document.digest)
      check(
        databaseName, "\(name).signature", Hex.encode(try row.bytes("signature")),
        Hex.encode(document.signature))
    }
  }

  /// Derives the owner of every document again, in the order of registration.
  func checkClusters(_ connection: any SQLConnection) throws {
    let registry = DocumentRegistry(connection)
    var documents = PagedRows(
      connection, "SELECT position, digest, signature, owner FROM shard_documents",
      by: ["position"], limit: 64)
    var (count, owners) = (0, 0)
    while let row = try documents.next() {
      let position = try row.integer("position")
      let field = "shard_documents[\(position)]"
      check(databaseName, "\(field).position", position, count)
      count = position + 1
      let fingerprint = DocumentFingerprint(
        digest: try row.digest("digest"), signature: try row.bytes("signature"))
      guard let fingerprint else {
        differ(
          databaseName, "\(field).signature", found: "another length",
          expected: "\(DocumentFingerprint.signatureBytes) bytes")
        continue
      }
      let owner = try row.value("owner") == .null ? nil : row.integer("owner")
      check(
        databaseName, "\(field).owner", owner,
        try registry.owner(of: fingerprint, before: position))
      guard owner == nil else { continue }
      owners += 1
      try checkBands(of: fingerprint, position: position, field: field, connection)
    }
    check(
      databaseName, "shard_count.documents",
      try connection.integer("SELECT documents FROM shard_count"), count)
    check(
      databaseName, "shard_bands", try connection.integer("SELECT count(*) FROM shard_bands"),
      owners * DocumentFingerprint.bandCount)
  }

  private func checkBands(
    of document: DocumentFingerprint, position: Int, field: String,
    _ connection: any SQLConnection
  ) throws {
    for (band, value) in document.bands.enumerated() {
      let row = try connection.row(
        "SELECT band FROM shard_bands WHERE band = $1 AND value = $2 AND position = $3",
        [.integer(band), .integer(value), .integer(position)])
      if row == nil {
        differ(
          databaseName, "\(field).bands[\(band)]", found: "none", expected: "\(value)")
      }
    }
  }
}
