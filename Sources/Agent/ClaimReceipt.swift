import Corpus
import Foundation
import LedgerWire
import TransparencyLog

/// The receipt of a claim as it is kept beside a shard's file.
package struct ClaimReceipt {
  let path: String
  let proof: ClaimProof

  /// Reads a file without trusting it.
  package init(path: String) throws {
    self.path = path
    do {
      proof = try ClaimProof.decode(
        DurableFile.read(path, maximumBytes: ClaimProof.maximumBytes))
    } catch let refusal as LedgerRefusal {
      throw AgentError(
        .badData, "\(path): \(refusal.field): found \(refusal.found), expected \(refusal.expected)",
        hint: "give the file that 'tributary shard register' kept beside the shard")
    }
  }

  /// Writes a receipt beside the shard that it is for, one file for each log; the file's path.
  static func keep(
    _ proof: ClaimProof, of log: NoteVerifier, beside shard: String
  ) throws -> String {
    let id = (0..<4).map { UInt8(truncatingIfNeeded: log.keyID >> (24 - 8 * $0)) }
    let path = "\(shard).\(Hex.encode(id)).claim"
    try DurableFile.write(proof.encode(), to: path, permissions: 0o644)
    return path
  }

  /// Whose claim it is and who vouches for it, when the log of that key does.
  package func check(log vkey: String) throws -> [String] {
    let log: NoteVerifier
    do throws(NoteError) { log = try NoteVerifier(vkey: vkey) } catch {
      throw AgentError(.usage, "--log: \(error)", hint: "tributary-ledger key, or /v1/key")
    }
    do throws(LedgerRefusal) {
      let (claim, checkpoint) = try proof.verify(by: log)
      let documents = claim.registration.documents.count
      return [
        "shard        \(claim.root)", "name         \(claim.registration.name)",
        "contributor  \(claim.contributor)",
        "documents    \(documents) with fingerprints",
        "log          \(log.name), entry \(proof.proof.leafIndex) of \(checkpoint.size)",
      ]
    } catch {
      throw AgentError(
        .signature,
        "\(path): \(error.field): found \(error.found), expected \(error.expected)")
    }
  }
}
