import CBOR
import Corpus
import TransparencyLog

/// A contributor's word against a registration in one ledger: an earlier claim of their own, with the
/// proof of its time.
///
/// The contributor who made the earlier claim signs it, so that nobody else can file it, and it
/// names the ledger, so that it can be filed nowhere else.
package struct Contest: Equatable, Sendable {
  package static let contentType = "application/tributary-contest+cbor"
  /// Two claims, one of them with its proof.
  package static let maximumBytes =
    ClaimProof.maximumBytes + LedgerLimits.claimSubmissionBytes + 1024

  package let origin: String
  /// The root of the shard whose registration is contested.
  package let contested: Digest
  /// The root of the contestant's shard in this ledger; the same as ``contested`` when somebody else
  /// registered the contestant's shard.
  package let own: Digest
  /// The contestant's earlier claim, in this log or another.
  package let proof: ClaimProof
  /// The contestant's claim to the root in this ledger, where somebody else has it.
  package let claim: ShardClaim?
  package let contestant: ContributorKey

  /// The origin that the earlier claim's checkpoint names.
  package let proofOrigin: String

  /// The signed record; `claim` is there exactly when `own` is `contested`.
  package static func sign(
    origin: String, contested: Digest, own: Digest, proof: ClaimProof, claim: ShardClaim? = nil,
    identity: ContributorIdentity
  ) throws -> [UInt8] {
    let payload: CBOR
    if let claim {
      payload = [
        1: 1, 2: .text(origin), 3: .bytes(contested.bytes), 4: .bytes(own.bytes), 5: proof.cbor,
        6: .bytes(claim.encode()),
      ]
    } else {
      payload = [
        1: 1, 2: .text(origin), 3: .bytes(contested.bytes), 4: .bytes(own.bytes), 5: proof.cbor,
      ]
    }
    return try identity.signRecord(payload.encode(), contentType: contentType)
  }

  /// Reads and checks a signed record, and that the earlier claim is the contestant's; whether its
  /// log is to be believed is not decided here.
  package static func verify(_ signed: [UInt8], origin: String) throws(LedgerRefusal) -> Contest {
    let (key, payload) = try openRecord(
      signed, contentType: contentType, maximumBytes: maximumBytes)
    let fields = try refusing { () throws(CBORError) in try Fields(payload) }
      .checking(origin: origin, named: \.origin)
    let claim: ShardClaim?
    if let bytes = fields.claim {
      claim = try ShardClaim.decode(bytes, origin: origin)
    } else {
      claim = nil
    }
    guard (claim != nil) == (fields.own == fields.contested),
      claim.map(\.root) ?? fields.own == fields.own
    else {
      throw LedgerRefusal(
        .malformed, field: "contest.claim", found: claim.map { "one to \($0.root)" } ?? "none",
        expected: "the contestant's own claim to the contested root, and only for that root")
    }
    let proofOrigin = try fields.proofOrigin()
    let earlier = try ClaimHeader.verify(fields.proof.signedHeader, origin: proofOrigin)
    for (field, found) in [
      ("contest.proof", earlier.contributor), ("contest.claim", claim?.contributor ?? key),
    ] where found != key {
      throw LedgerRefusal(
        .badSignature, field: field, found: "a claim of \(found)",
        expected: "one of \(key), who signed the contest")
    }
    return Contest(
      origin: fields.origin, contested: fields.contested, own: fields.own, proof: fields.proof,
      claim: claim, contestant: key, proofOrigin: proofOrigin)
  }

  private struct Fields {
    let origin: String
    let contested: Digest
    let own: Digest
    let proof: ClaimProof
    let claim: [UInt8]?

    init(_ payload: [UInt8]) throws(CBORError) {
      let limits = CBOR.Limits(bytes: Contest.maximumBytes, items: 24, depth: 3)
      var fields = try CBORFields(decoding: payload, record: "contest", limits: limits)
      _ = try fields.int(1, "format version", 1...1)
      origin = try fields.text(2, "origin", maximumBytes: LedgerLimits.originBytes)
      contested = try fields.digest(3, "contested root")
      own = try fields.digest(4, "own root")
      proof = try ClaimProof(fields.value(5, "proof"))
      claim =
        fields.optional(6) == nil
        ? nil : try fields.bytes(6, "claim", 1...LedgerLimits.claimSubmissionBytes)
      try fields.finish()
    }

    func proofOrigin() throws(LedgerRefusal) -> String {
      do throws(NoteError) {
        return try Checkpoint(text: proof.proof.note.text).origin
      } catch {
        throw LedgerRefusal(
          .malformed, field: "contest.proof.\(error.field)", found: error.found,
          expected: error.expected)
      }
    }
  }
}
