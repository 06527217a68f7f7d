import CBOR
import Corpus

/// A contributor's claim to a shard, in one log.
package struct ShardRegistration: Equatable, Sendable {
  package static let contentType = "application/tributary-shard-claim+cbor"

  package let origin: String
  package let root: Digest
  package let name: String
  package let contributor: ContributorKey
  package let contributorName: String
  /// What the shard's documents say; none in a claim of version 1.
  package let documents: [DocumentFingerprint]

  /// The signed record for a shard that the identity made.
  ///
  /// Without documents it has the fields of version 1 alone.
  package static func sign(
    origin: String, root: Digest, name: String, documents: [DocumentFingerprint] = [],
    identity: ContributorIdentity
  ) throws -> [UInt8] {
    var payload: CBORMap = [
      1: documents.isEmpty ? 1 : 2, 2: .text(origin), 3: .bytes(root.bytes), 4: .text(name),
      5: .text(identity.name),
    ]
    if !documents.isEmpty { payload[6] = .array(documents.map(\.cbor)) }
    return try identity.signRecord(CBOR.map(payload).encode(), contentType: contentType)
  }

  /// Reads and checks a signed record.
  package static func verify(
    _ signed: [UInt8], origin: String
  ) throws(LedgerRefusal) -> ShardRegistration {
    let (key, payload) = try openRecord(
      signed, contentType: contentType, maximumBytes: LedgerLimits.claimBytes)
    return try refusing { () throws(CBORError) in
      var fields = try CBORFields(decoding: payload, record: "shard", limits: limits)
      let version = try fields.int(1, "format version", 1...2)
      let named = try fields.text(2, "origin", maximumBytes: LedgerLimits.originBytes)
      let root = try fields.digest(3, "root")
      let name = try fields.displayText(4, "name", LedgerLimits.nameBytes)
      let contributorName = try fields.displayText(5, "contributor name", LedgerLimits.nameBytes)
      let documents = version == 1 ? [] : try readDocuments(&fields)
      try fields.finish()
      return ShardRegistration(
        origin: named, root: root, name: name, contributor: key, contributorName: contributorName,
        documents: documents)
    }.checking(origin: origin, named: \.origin)
  }

  private static let limits = CBOR.Limits(
    bytes: LedgerLimits.claimBytes, items: 16 + 3 * LedgerLimits.documentsPerClaim, depth: 4)

  private static func readDocuments(
    _ fields: inout CBORFields
  ) throws(CBORError) -> [DocumentFingerprint] {
    let items = try fields.array(
      6, "documents", maximumCount: LedgerLimits.documentsPerClaim)
    guard !items.isEmpty else {
      throw fields.error("documents", found: "none", expected: "at least one, or version 1")
    }
    var documents: [DocumentFingerprint] = []
    for (index, item) in items.enumerated() {
      documents.append(try DocumentFingerprint(item, index: index))
    }
    return documents
  }
}
