import Corpus
import Crypto
import Foundation
import Ledger
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import TransparencyLog

@testable import LedgerSync

/// A contributor and the ledger's HTTP server, with a root that somebody else registered first.
@Suite struct ContestClientTests {
  @Test func `a contributor takes a squatted root back, is admitted with it, and has the receipt`()
    async throws
  {
    let old = try NoteSigner(name: "old.example/log", key: .init())
    let witness = try CosignatureSigner(name: "witness.example", key: .init())
    let ledger = try await RunningLedger(
      terms: PolicyTerms(
        admission: .work, work: try WorkParameters(memory: 1, bits: 2),
        contests: ContestTerms(
          logs: [old.verifier],
          witnesses: try WitnessPolicy(witnesses: [witness.verifier], quorum: 1))))
    let log = ledger.store.verifier
    let (ada, mallory) = (
      try ContributorIdentity(name: "Ada"), try ContributorIdentity(name: "Mallory")
    )
    let folder = try TemporaryFolder()
    let text = "The keeper of the lock counted ninety barges on one day in the spring of 1852."
    try text.write(toFile: folder.path + "/a.md", atomically: true, encoding: .utf8)
    let manifest = try ShardPacker.pack(
      directory: folder.path, name: "Rivers", license: "CC0-1.0", identity: ada
    ).manifest
    let documents = [DocumentFingerprint(text)]
    let proof = try earlierClaim(manifest, documents, by: ada, in: old, witness)
    try await LedgerClient.connect(to: ledger.url) { client in
      let squat = try ShardClaim.sign(
        origin: log.name, root: manifest.root, name: "Mine", identity: mallory)
      let held: ShardMessage = try await client.admitted(mallory, log: log, invitation: nil) {
        try client.json(try await client.post("/v1/shards", squat.encode()))
      }
      #expect(held.contributor == mallory.publicKey.hex)
      let claim = try ShardClaim.sign(
        origin: log.name, root: manifest.root, name: manifest.name, documents: documents,
        identity: ada)
      let contest = try await client.admitted(ada, log: log, invitation: nil) {
        try await client.contest(
          manifest.root, own: manifest.root, proof: proof, claim: claim, identity: ada, log: log)
      }
      #expect(contest.movesRoot && contest.clusters == 0)
      let mine = try #require(try await client.shard(manifest.root))
      #expect(mine.contributor == ada.publicKey.hex)
      let receipt = try #require(try await client.claimProof(of: mine, log: log))
      #expect(try receipt.verify(by: log).claim == claim)
      #expect(try await client.shard(Digest(sha256: [])) == nil)
      // A receipt of somebody else's claim is not taken for it.
      var swapped = held
      swapped.contributor = ada.publicKey.hex
      await #expect(throws: Distrust.self) {
        try await client.claimProof(of: swapped, log: log)
      }
      let witnesses = try WitnessPolicy(witnesses: [witness.verifier], quorum: 1)
      await #expect(throws: Distrust.self) {
        try await client.claimProof(of: mine, log: log, witnesses: witnesses)
      }
    }
    try await ledger.stop()
  }

  /// The receipt of a claim that the old log had a year ago.
  private func earlierClaim(
    _ manifest: ShardManifest, _ documents: [DocumentFingerprint], by identity: ContributorIdentity,
    in log: NoteSigner, _ witness: CosignatureSigner
  ) throws -> ClaimProof {
    let claim = try ShardClaim.sign(
      origin: log.verifier.name, root: manifest.root, name: manifest.name, documents: documents,
      identity: identity)
    let note = try Checkpoint(
      origin: log.verifier.name, size: 1, root: .leaf(claim.signedHeader)
    ).sign(by: log)
    let time = UInt64(Date().timeIntervalSince1970) - 365 * 86_400
    let line = try witness.sign(checkpoint: note.text, time: time)
    return ClaimProof(
      signedHeader: claim.signedHeader, signedRegistration: claim.signedRegistration,
      proof: LogProof(leafIndex: 0, path: [], note: note.adding([line])))
  }
}
