import Corpus
import Foundation
import LedgerWire
import TransparencyLog

extension LedgerClient {
  /// The claim that the log holds for a shard, with a receipt that proves it to anybody; nil for a
  /// claim that was registered before claims were logged.
  ///
  /// With a policy on witnesses a receipt without their cosignatures is not believed; then the
  /// claim's place in the log's latest checkpoint is the receipt, if that has them.
  package func claimProof(
    of held: ShardMessage, log: NoteVerifier, witnesses: WitnessPolicy? = nil,
    now: Int = SyncClock.system.now()
  ) async throws -> ClaimProof? {
    guard let claim = held.claim, let receipt = held.receipt else { return nil }
    guard let header = strictBase64(claim) else {
      throw LedgerFailure.garbage("claim: found other text, expected base64")
    }
    var proof = ClaimProof(
      signedHeader: header, signedRegistration: try await registration(at: receipt.index),
      proof: try receipt.logProof())
    try check(proof, of: held, log: log)
    if case .invalid(let reason)? = witnesses?.check(proof.proof.note, now: now) {
      proof = try await later(proof)
      try check(proof, of: held, log: log)
      guard case .valid? = witnesses?.check(proof.proof.note, now: now) else {
        throw Distrust("The claim's receipt is not believed without witnesses: \(reason).")
      }
    }
    return proof
  }

  private func registration(at index: Int) async throws -> [UInt8] {
    guard let bytes = try await payload(index) else {
      throw LedgerFailure.garbage("entry \(index): found none, expected the claim's registration")
    }
    return bytes
  }

  private func check(_ proof: ClaimProof, of held: ShardMessage, log: NoteVerifier) throws {
    let claim: ShardClaim
    do throws(LedgerRefusal) {
      claim = try proof.verify(by: log).claim
    } catch {
      throw Distrust("The claim's receipt is not valid: \(error).")
    }
    guard claim.root.hex == held.root, claim.contributor.hex == held.contributor else {
      throw Distrust(
        "The receipt is for shard \(claim.root) of \(claim.contributor), expected \(held.root) of "
          + "\(held.contributor).")
    }
  }

  /// The same claim in the log's latest checkpoint, not yet verified.
  private func later(_ proof: ClaimProof) async throws -> ClaimProof {
    let note = try await checkpoint()
    let size: UInt64
    do throws(NoteError) { size = try Checkpoint(text: note.text).size } catch {
      throw LedgerFailure.garbage("\(error)")
    }
    let index = proof.proof.leafIndex
    guard size > index else { return proof }
    let path = try await inclusion(of: index, in: size)
    return ClaimProof(
      signedHeader: proof.signedHeader, signedRegistration: proof.signedRegistration,
      proof: LogProof(leafIndex: index, path: path, note: note))
  }
}

extension ReceiptMessage {
  /// The receipt itself, not yet verified.
  func logProof() throws(LedgerFailure) -> LogProof {
    do throws(NoteError) {
      return try LogProof(encoded: Array(proof.utf8))
    } catch {
      throw .garbage("receipt: \(error)")
    }
  }
}
