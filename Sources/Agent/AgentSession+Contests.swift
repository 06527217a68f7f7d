import Corpus
import Foundation
import LedgerSync
import LedgerWire
import TransparencyLog

extension AgentSession {
  /// Takes back what others registered of a shard's documents, with the receipt of an earlier claim.
  ///
  /// `contested` is the root of their shard; without it the shard's own root if somebody else has it,
  /// and otherwise every shard whose copies its documents are said to be.
  package func contest(
    _ shard: ShardFile, with receipt: String, against contested: Corpus.Digest?,
    identity: ContributorIdentity
  ) async throws -> [String] {
    let root = shard.manifest.root
    let proof = try ClaimReceipt(path: receipt).proof
    let documents = try fingerprints(of: shard).map(\.fingerprint)
    let invitation = try settings.invitation.map { text throws(NoteError) in
      try Invitation(token: text)
    }
    return try await askingRegistry { client, log in
      let held = try await client.shard(root)
      let isTaken = held.map { $0.contributor != identity.publicKey.hex } ?? false
      var lines: [String] = []
      if isTaken, contested == nil || contested == root {
        let claim = try ShardClaim.sign(
          origin: log.name, root: root, name: shard.manifest.name, documents: documents,
          identity: identity)
        _ = try await client.admitted(identity, log: log, invitation: invitation) {
          try await client.contest(
            root, own: root, proof: proof, claim: claim, identity: identity, log: log)
        }
        lines.append("\(shard.manifest.name) (\(root.short)) is yours at \(log.name)")
      }
      // What was registered by then, and what of it others own.
      let own = try await client.registerShard(
        shard.manifest, documents: documents, identity: identity, log: log,
        invitation: invitation)
      let owners = Set((own.copies ?? []).filter { $0.contributor != own.contributor }.map(\.shard))
      let named = contested.map { [$0] } ?? owners.sorted().compactMap { Corpus.Digest(hex: $0) }
      var refusals: [LedgerRefusal] = []
      for other in named where other != root {
        do {
          let contest = try await client.contest(
            other, own: root, proof: proof, identity: identity, log: log)
          lines.append(Self.line(contest, log: log.name))
        } catch let refusal as LedgerRefusal {
          refusals.append(refusal)
          lines.append("\(other.hex) keeps its documents: \(refusal)")
        }
      }
      // Nothing was won: then it is an error.
      if let refusal = refusals.first, refusals.count == lines.count { throw refusal }
      return lines.isEmpty
        ? ["nothing to contest: nobody else owns what \(shard.manifest.name) says"] : lines
    }
  }

  private static func line(_ contest: ContestMessage, log: String) -> String {
    let documents = contest.clusters == 1 ? "1 document" : "\(contest.clusters) documents"
    return "\(documents) of \(contest.contested.prefix(8)) by contributor "
      + "\(contest.contestedContributor.prefix(8)) went to you at \(log): you had claimed them at "
      + time(contest.proven)
  }

  /// Until when a registration may be contested, in words; nil when it may not be, or any more.
  func contestable(_ held: ShardMessage, policy: LedgerPolicy) -> String? {
    let end = held.registered + policy.terms.contests.window
    guard policy.terms.contests.window > 0, end > Int(Date().timeIntervalSince1970) else {
      return nil
    }
    return "until \(Self.time(end)) an earlier claim with proof may contest it"
  }
}
