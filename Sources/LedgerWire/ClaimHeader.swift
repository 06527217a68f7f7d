import CBOR
import Corpus

/// The signed head of a claim to a shard: the leaf that a log keeps of it.
///
/// Its content type is signed too, so that it is taken for a batch's header by nobody.
package struct ClaimHeader: Equatable, Sendable {
  package static let contentType = "application/tributary-claim+cbor"
  package static let maximumBytes = 1024

  /// Who claims the shard: the key that signed.
  package let contributor: ContributorKey
  /// The origin of the log that the claim is for.
  package let origin: String
  /// The root of the shard.
  package let root: Digest
  /// SHA-256 of the signed registration, which has the names and the fingerprints.
  package let registration: Digest

  static func sign(
    origin: String, root: Digest, registration: [UInt8], identity: ContributorIdentity
  ) throws -> [UInt8] {
    let payload: CBOR = [
      1: 1, 2: .text(origin), 3: .bytes(root.bytes),
      4: .bytes(Digest(sha256: registration).bytes),
    ]
    return try identity.signRecord(payload.encode(), contentType: contentType)
  }

  /// Whether a leaf says that it is a claim; nothing else is looked at.
  package static func isClaim(_ leaf: [UInt8]) -> Bool {
    (try? COSESign1.decode(leaf, maximumBytes: maximumBytes))?.contentType == contentType
  }

  /// Decodes a signed header and checks its signature, and that it is for the log of that origin.
  package static func verify(
    _ signed: [UInt8], origin: String
  ) throws(LedgerRefusal) -> ClaimHeader {
    let (key, payload) = try openRecord(
      signed, contentType: contentType, maximumBytes: maximumBytes)
    return try refusing { () throws(CBORError) in
      let limits = CBOR.Limits(bytes: maximumBytes, items: 16, depth: 2)
      var fields = try CBORFields(decoding: payload, record: "claim", limits: limits)
      _ = try fields.int(1, "format version", 1...1)
      let header = ClaimHeader(
        contributor: key,
        origin: try fields.text(2, "origin", maximumBytes: LedgerLimits.originBytes),
        root: try fields.digest(3, "root"),
        registration: try fields.digest(4, "registration"))
      try fields.finish()
      return header
    }.checking(origin: origin, named: \.origin)
  }
}
