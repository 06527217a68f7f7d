import CBOR
import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import TestSupport
import Testing

@testable import Ledger
@testable import LedgerWire

/// Of documents that say the same, the one that was registered first owns what they say.
@Suite struct RegistryTests {
  private static let text = """
    The river rises in the high moor above the village and runs south through three mill ponds \
    before it meets the canal. In the spring of 1852 the lock keeper counted ninety barges in one \
    day, most of them with slate, and wrote their names into a book that the museum still keeps. \
    The book also tells of a flood that took the lower bridge and of the winter in which the ice \
    did not break until the second week of April, so that the mills stood still for two months.
    """

  private func shard(
    _ name: String, _ texts: [String], by identity: ContributorIdentity,
    origin: String = TestAgent.origin
  ) throws -> [UInt8] {
    // Signed apart, so that more documents than allowed can be sent.
    let root = Digest(sha256: Array(name.utf8))
    let registration = try ShardRegistration.sign(
      origin: origin, root: root, name: name,
      documents: texts.map { DocumentFingerprint($0) }, identity: identity)
    let header = try ClaimHeader.sign(
      origin: origin, root: root, registration: registration, identity: identity)
    return CBOR.array([.bytes(header), .bytes(registration)]).encode()
  }

  private func differences(_ folder: TemporaryFolder) throws -> [Difference] {
    try Fsck.differences(in: folder).filter { !$0.file.hasSuffix("checkpoint") }
  }

  @Test func `a copy, exact or nearly so, is owned by the shard that was registered first`()
    async throws
  {
    let ledger = try TestLedger()
    let (ada, bob) = (try ContributorIdentity(name: "Ada"), try ContributorIdentity(name: "Bob"))
    let other = String(Self.text.reversed())
    let first = try await ledger.service.registerShard(
      shard("Rivers", [Self.text, "A note about mills and wheels."], by: ada))
    #expect(first.documents == 2)
    #expect(first.copies == [])
    let nearly = Self.text.replacing("ninety barges", with: "ninety boats")
    let second = try await ledger.service.registerShard(
      shard("Water", [other, Self.text.uppercased() + "!!", nearly], by: bob))
    let original = DocumentFingerprint(Self.text)
    #expect(second.documents == 3)
    #expect(
      second.copies?.map(\.document) == [original, DocumentFingerprint(nearly)].map(\.digest.hex))
    for copy in second.copies ?? [] {
      #expect(copy.owner == original.digest.hex)
      #expect(copy.shard == first.root)
      #expect(copy.contributor == ada.publicKey.hex)
    }
    // Who is copied does not change, and the answer is the same when asked again.
    #expect(try await ledger.store.shard(Digest(sha256: Array("Rivers".utf8))) == first)
    #expect(
      try await ledger.service.registerShard(
        shard("Water", [other, Self.text.uppercased() + "!!", nearly], by: bob)) == second)
    // A third one that is near the copy is owned by the original too, or by nobody.
    let third = try await ledger.service.registerShard(shard("Ponds", [nearly], by: bob))
    #expect(third.copies?.map(\.owner) == [original.digest.hex])
    try ledger.store.close()
    #expect(try differences(ledger.folder) == [])
  }

  @Test func `texts that share a subject are no copies`() async throws {
    let ledger = try TestLedger()
    let ada = try ContributorIdentity(name: "Ada")
    let sentences = Self.text.split(separator: ". ").map(String.init)
    let half = sentences[0] + ". " + "Nobody knows who built it or why the old road ends there."
    for (index, text) in [Self.text, half, sentences[1], sentences[2]].enumerated() {
      let identity = index == 0 ? ada : try ContributorIdentity(name: "other")
      let held = try await ledger.service.registerShard(
        shard("shard \(index)", [text], by: identity))
      #expect(held.copies == [])
    }
  }

  @Test func `a claim of another ledger, of too many documents or with a changed byte is refused`()
    async throws
  {
    let ledger = try TestLedger()
    let ada = try ContributorIdentity(name: "Ada")
    let foreign = try shard("Rivers", [Self.text], by: ada, origin: "other.example/log")
    #expect(
      try await refusal { _ = try await ledger.service.registerShard(foreign) }?.error
        == .wrongOrigin)
    let many = try shard(
      "Many", (0...LedgerLimits.documentsPerClaim).map { "document \($0)" }, by: ada)
    #expect(
      try await refusal { _ = try await ledger.service.registerShard(many) }?.error == .malformed)
    let good = try shard("Rivers", [Self.text], by: ada)
    for index in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[index] ^= 1
      #expect(
        try await refusal { _ = try await ledger.service.registerShard(bad) } != nil,
        "byte \(index)")
    }
    #expect(try await ledger.service.registerShard(good).documents == 1)
  }

  @Test func `a claim with as many documents as are allowed fits, and costs what it may`()
    async throws
  {
    let ledger = try TestLedger()
    let ada = try ContributorIdentity(name: "Ada")
    let texts = (0..<LedgerLimits.documentsPerClaim).map { "document number \($0) of this shard" }
    let claim = try shard("Many", texts, by: ada)
    #expect(claim.count <= LedgerLimits.claimSubmissionBytes)
    let held = try await ledger.service.registerShard(claim)
    #expect(held.documents == LedgerLimits.documentsPerClaim)
    #expect(held.copies == [])
  }

  @Test func `where agents have to be admitted, so have those who claim shards`() async throws {
    let ledger = try TestLedger(terms: PolicyTerms(admission: .invitation))
    let ada = try ContributorIdentity(name: "Ada")
    let claim = try shard("Rivers", [Self.text], by: ada)
    #expect(
      try await refusal { _ = try await ledger.service.registerShard(claim) }?.error
        == .unknownAgent)
    let invitation = try Invitation.issue(by: ledger.store.signer, expires: .max / 2)
    _ = try await ledger.service.registerAgent(
      AgentRegistration.sign(
        origin: TestAgent.origin, identity: ada, proof: .invitation(invitation)))
    #expect(try await ledger.service.registerShard(claim).documents == 1)
  }

  @Test(arguments: [
    ("UPDATE shard_documents SET owner = NULL WHERE position = 1", "shard_documents[1].owner"),
    ("UPDATE shard_documents SET owner = 0 WHERE position = 2", "shard_documents[2].owner"),
    ("UPDATE shard_documents SET digest = zeroblob(32) WHERE position = 1", "shards["),
    ("UPDATE shard_documents SET signature = zeroblob(256) WHERE position = 2", "shards["),
    ("UPDATE shard_documents SET signature = x'00' WHERE position = 2", "shards["),
    ("DELETE FROM shard_documents WHERE position = 2", "shards["),
    ("DELETE FROM shard_bands WHERE band = 3", "shard_documents[0].bands[3]"),
    ("INSERT INTO shard_bands VALUES (0, 0, 0)", "shard_bands"),
    ("UPDATE shard_count SET documents = 7", "shard_count"),
  ]) func `fsck finds a changed row and names it`(sql: String, field: String) async throws {
    let ledger = try TestLedger()
    let (ada, bob) = (try ContributorIdentity(name: "Ada"), try ContributorIdentity(name: "Bob"))
    _ = try await ledger.service.registerShard(shard("Rivers", [Self.text], by: ada))
    _ = try await ledger.service.registerShard(
      shard("Water", [Self.text, "Another text of its own."], by: bob))
    try ledger.store.close()
    #expect(try differences(ledger.folder) == [])
    try await DatabaseQueue(path: ledger.folder.path + "/" + LedgerSchema.file).write {
      try $0.execute(sql: sql)
    }
    let differences = try differences(ledger.folder)
    #expect(differences.contains { $0.field.hasPrefix(field) }, "\(sql): \(differences)")
  }
}
