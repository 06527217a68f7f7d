import Corpus
import Foundation
import LedgerSync
import LedgerWire
import TransparencyLog

extension AgentSession {
  /// Claims a shard for its contributor at the ledger and keeps the receipt beside the shard's file.
  ///
  /// The lines say which of its documents earlier shards have.
  package func register(
    _ shard: ShardFile, at path: String, identity: ContributorIdentity
  ) async throws -> [String] {
    let manifest = shard.manifest
    let documents = try fingerprints(of: shard)
    let (given, witnesses) = try (ledgerKey(), settings.witnessPolicy())
    let invitation = try settings.invitation.map { text throws(NoteError) in
      try Invitation(token: text)
    }
    let (log, held, proof) = try await asking { client in
      let log = try await client.key(given)
      let held = try await client.registerShard(
        manifest, documents: documents.map(\.fingerprint), identity: identity, log: log,
        invitation: invitation)
      let proof = try await client.claimProof(of: held, log: log, witnesses: witnesses)
      return (log, held, proof)
    }
    var lines = ["registered \(manifest.name) (\(manifest.root.short)) at \(log.name)"]
    if let proof { lines.append(try keep(proof, of: log, beside: path)) }
    let copies = (held.copies ?? []).filter { $0.contributor != identity.publicKey.hex }
    lines += copies.prefix(20).map { copy in
      let path = documents.first { $0.fingerprint.digest.hex == copy.document }?.path
      return "\(path ?? copy.document) says what the earlier shard \(copy.shard.prefix(8)) "
        + "of contributor \(copy.contributor.prefix(8)) says"
    }
    return lines + (copies.count > 20 ? ["and \(copies.count - 20) more"] : [])
  }

  /// Writes the receipt of a claim, one file for each log.
  private func keep(
    _ proof: ClaimProof, of log: NoteVerifier, beside path: String
  ) throws -> String {
    let id = Hex.encode((0..<4).map { UInt8(truncatingIfNeeded: log.keyID >> (24 - 8 * $0)) })
    let file = "\(path).\(id).claim"
    try DurableFile.write(proof.encode(), to: file, permissions: 0o644)
    return "receipt: entry \(proof.proof.leafIndex) of \(log.name), kept in \(file)"
  }

  func ledgerKey() throws -> NoteVerifier? {
    try settings.ledgerKey.map { text throws(NoteError) in try NoteVerifier(vkey: text) }
  }

  /// Of the shard's documents; of a shard with too many for a claim, of the longest.
  private func fingerprints(
    of shard: ShardFile
  ) throws -> [(path: String, fingerprint: DocumentFingerprint)] {
    let chosen = shard.manifest.documents.sorted { $0.byteCount > $1.byteCount }
      .prefix(LedgerLimits.documentsPerClaim)
    return try chosen.sorted { $0.path < $1.path }.map { document in
      let text = String(decoding: try shard.document(document), as: UTF8.self)
      return (document.path, DocumentFingerprint(text))
    }
  }
}

extension LedgerClient {
  /// The key that was given, or the one that the ledger shows.
  func key(_ given: NoteVerifier?) async throws -> NoteVerifier {
    guard let given else { return try await key() }
    return given
  }
}
