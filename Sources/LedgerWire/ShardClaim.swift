import CBOR
import Corpus

/// A contributor's claim to a shard in one log: the header, which is logged, and beside it the
/// registration that it names.
///
/// Both are signed by the contributor. The body of `POST /v1/shards` is the array of both.
package struct ShardClaim: Equatable, Sendable {
  package let header: ClaimHeader
  package let signedHeader: [UInt8]
  package let registration: ShardRegistration
  package let signedRegistration: [UInt8]

  package var root: Digest { header.root }
  package var contributor: ContributorKey { header.contributor }

  /// The claim of the identity to a shard that it made.
  package static func sign(
    origin: String, root: Digest, name: String, documents: [DocumentFingerprint] = [],
    identity: ContributorIdentity
  ) throws -> ShardClaim {
    let registration = try ShardRegistration.sign(
      origin: origin, root: root, name: name, documents: documents, identity: identity)
    let header = try ClaimHeader.sign(
      origin: origin, root: root, registration: registration, identity: identity)
    return try verify(signedHeader: header, signedRegistration: registration, origin: origin)
  }

  /// Checks both signatures, and that header and registration belong together.
  package static func verify(
    signedHeader: [UInt8], signedRegistration: [UInt8], origin: String
  ) throws(LedgerRefusal) -> ShardClaim {
    let header = try ClaimHeader.verify(signedHeader, origin: origin)
    let digest = Digest(sha256: signedRegistration)
    guard header.registration == digest else {
      throw LedgerRefusal(
        .badSignature, field: "claim.registration", found: digest.hex,
        expected: "\(header.registration), which the claim's header names")
    }
    let registration = try ShardRegistration.verify(signedRegistration, origin: origin)
    guard registration.contributor == header.contributor else {
      throw LedgerRefusal(
        .badSignature, field: "shard.contributor", found: registration.contributor.hex,
        expected: "\(header.contributor), who signed the claim's header")
    }
    guard registration.root == header.root else {
      throw LedgerRefusal(
        .malformed, field: "shard.root", found: registration.root.hex,
        expected: "\(header.root), as in the claim's header")
    }
    return ShardClaim(
      header: header, signedHeader: signedHeader, registration: registration,
      signedRegistration: signedRegistration)
  }

  package func encode() -> [UInt8] {
    let value: CBOR = [.bytes(signedHeader), .bytes(signedRegistration)]
    return value.encode()
  }

  /// Reads and checks a claim to the log of that origin.
  package static func decode(_ bytes: [UInt8], origin: String) throws(LedgerRefusal) -> ShardClaim {
    let value: CBOR
    do {
      let limits = CBOR.Limits(bytes: LedgerLimits.claimSubmissionBytes, items: 3, depth: 2)
      value = try CBOR.decode(bytes, limits: limits)
    } catch {
      throw LedgerRefusal(error)
    }
    guard case .array(let parts) = value, parts.count == 2, case .bytes(let header) = parts[0],
      case .bytes(let registration) = parts[1]
    else {
      throw LedgerRefusal(
        .malformed, field: "claim", found: value.kind,
        expected: "an array of the signed header and the signed registration")
    }
    return try verify(signedHeader: header, signedRegistration: registration, origin: origin)
  }
}
