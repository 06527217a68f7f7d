import Corpus
import LedgerWire
import TransparencyLog

extension LedgerClient {
  /// Files a contest: an earlier claim of the identity's against a registration at the log of that key.
  package func contest(
    _ contested: Corpus.Digest, own: Corpus.Digest, proof: ClaimProof, claim: ShardClaim? = nil,
    identity: ContributorIdentity, log: NoteVerifier
  ) async throws -> ContestMessage {
    let body = try Contest.sign(
      origin: log.name, contested: contested, own: own, proof: proof, claim: claim,
      identity: identity)
    return try json(try await post("/v1/contests", body))
  }

  /// A registered shard; nil when nobody registered it.
  package func shard(_ root: Corpus.Digest) async throws -> ShardMessage? {
    do {
      return try json(try await get("/v1/shards/\(root.hex)"))
    } catch let refusal as LedgerRefusal where refusal.error == .notFound {
      return nil
    }
  }
}
