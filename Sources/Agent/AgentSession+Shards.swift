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
    let witnesses = try settings.witnessPolicy()
    let invitation = try settings.invitation.map { text throws(NoteError) in
      try Invitation(token: text)
    }
    let (log, held, proof, policy) = try await askingRegistry { client, log in
      let held = try await client.registerShard(
        manifest, documents: documents.map(\.fingerprint), identity: identity, log: log,
        invitation: invitation)
      let proof = try await client.claimProof(of: held, log: log, witnesses: witnesses)
      return (log, held, proof, try await client.policy(of: log))
    }
    var lines = ["registered \(manifest.name) (\(manifest.root.short)) at \(log.name)"]
    if let proof {
      let file = try ClaimReceipt.keep(proof, of: log, beside: path)
      lines.append("receipt: entry \(proof.proof.leafIndex) of \(log.name), kept in \(file)")
    }
    if let line = contestable(held, policy: policy) { lines.append(line) }
    let copies = (held.copies ?? []).filter { $0.contributor != identity.publicKey.hex }
    lines += copies.prefix(20).map { copy in
      let path = documents.first { $0.fingerprint.digest.hex == copy.document }?.path
      return "\(path ?? copy.document) says what the earlier shard \(copy.shard) "
        + "of contributor \(copy.contributor.prefix(8)) says"
    }
    return lines + (copies.count > 20 ? ["and \(copies.count - 20) more"] : [])
  }

  /// How the shards of a contributor stand at the ledger, those included that are installed here and
  /// not registered there.
  func shardLines(of key: ContributorKey, _ statement: StatementMessage) -> [String] {
    let registered = Set(statement.shards.map(\.root))
    let installed = ((try? shards().list()) ?? []).filter {
      $0.manifest.contributor == key && !$0.isLocal && !registered.contains($0.root.hex)
    }
    let rows =
      statement.shards.map { ["  \($0.root.prefix(8))", $0.name, $0.standingInWords] }
      + installed.map { ["  \($0.root.short)", $0.manifest.name, "unregistered"] }
    return Figures.table(rows)
  }

  /// Of the shard's documents; of a shard with too many for a claim, of the longest.
  func fingerprints(
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

extension ShardMessage {
  fileprivate var standingInWords: String {
    let part = "\(copied ?? 0) of \(documents ?? 0) documents are others'"
    return switch standing {
    case nil: "registered"
    case .original: "original"
    case .copy: "copy: \(part)"
    case .contested: copied ?? 0 > 0 ? "contested: \(part)" : "contested"
    }
  }
}
