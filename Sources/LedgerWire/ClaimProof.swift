import CBOR
import Corpus
import TransparencyLog

/// A claim to a shard with the log's receipt for it, for anybody who has the log's public key.
///
/// It is the array of the signed header, the signed registration and the C2SP tlog-proof of the
/// header, in the clear: whoever may see it learns what the shard's documents say as far as the
/// fingerprints tell.
package struct ClaimProof: Equatable, Sendable {
  package static let maximumBytes = LedgerLimits.claimSubmissionBytes + proofBytes
  /// The tlog-proof, with the cosignatures of any number of witnesses that is worth having.
  static let proofBytes = 64 << 10

  package let signedHeader: [UInt8]
  package let signedRegistration: [UInt8]
  /// The header's place in the log's signed tree.
  package let proof: LogProof

  package init(signedHeader: [UInt8], signedRegistration: [UInt8], proof: LogProof) {
    self.signedHeader = signedHeader
    self.signedRegistration = signedRegistration
    self.proof = proof
  }

  var cbor: CBOR {
    [.bytes(signedHeader), .bytes(signedRegistration), .text(proof.encoded)]
  }

  package func encode() -> [UInt8] { cbor.encode() }

  /// Reads a proof without trusting it.
  package static func decode(_ bytes: [UInt8]) throws(LedgerRefusal) -> ClaimProof {
    do {
      let limits = CBOR.Limits(bytes: maximumBytes, items: 4, depth: 2)
      return try ClaimProof(CBOR.decode(bytes, limits: limits))
    } catch {
      throw LedgerRefusal(error)
    }
  }

  init(_ value: CBOR) throws(CBORError) {
    guard case .array(let parts) = value, parts.count == 3, case .bytes(let header) = parts[0],
      case .bytes(let registration) = parts[1], case .text(let proof) = parts[2]
    else {
      throw CBORError(
        .wrongField, field: "claim proof", found: "another \(value.kind)",
        expected: "an array of the signed header, the signed registration and a tlog-proof")
    }
    guard proof.utf8.count <= Self.proofBytes else {
      throw CBORError(
        .wrongField, field: "claim proof.proof", found: "\(proof.utf8.count) bytes",
        expected: "at most \(Self.proofBytes)")
    }
    do throws(NoteError) {
      self.init(
        signedHeader: header, signedRegistration: registration,
        proof: try LogProof(encoded: Array(proof.utf8)))
    } catch {
      throw CBORError(
        .wrongField, field: "claim proof.\(error.field)", found: error.found,
        expected: error.expected)
    }
  }

  /// The claim and the checkpoint that covers it, when the log of that key signed it.
  package func verify(
    by log: NoteVerifier
  ) throws(LedgerRefusal) -> (claim: ShardClaim, checkpoint: Checkpoint) {
    let claim = try ShardClaim.verify(
      signedHeader: signedHeader, signedRegistration: signedRegistration, origin: log.name)
    switch proof.verify(entry: signedHeader, by: log) {
    case .valid(let checkpoint): return (claim, checkpoint)
    case .invalid(let reason):
      throw LedgerRefusal(
        .badSignature, field: "claim proof", found: reason,
        expected: "the claim's place in a checkpoint that \(log.name) signed")
    }
  }
}
