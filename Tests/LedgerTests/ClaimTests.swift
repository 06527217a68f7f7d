import Corpus
import Foundation
import GRDB
import LedgerTestSupport
import LedgerWire
import Synchronization
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

/// Claims to shards are leaves of the log, like batches, and nobody takes one for the other.
@Suite struct ClaimTests {
  private func claim(
    _ name: String, _ texts: [String] = ["A text about rivers and the mills beside them."],
    by identity: ContributorIdentity
  ) throws -> ShardClaim {
    try ShardClaim.sign(
      origin: TestAgent.origin, root: Digest(sha256: Array(name.utf8)), name: name,
      documents: texts.map { DocumentFingerprint($0) }, identity: identity)
  }

  @Test func `the receipt of a claim proves it to a stranger, and stays the same`() async throws {
    let folder = try TemporaryFolder()
    let ada = try ContributorIdentity(name: "Ada")
    let claim = try claim("Rivers", by: ada)
    #expect(claim.signedHeader.count <= 300)
    var answers: [ShardMessage] = []
    for _ in 0..<2 {
      let ledger = try TestLedger(folder: folder)
      answers.append(try await ledger.service.registerShard(claim.encode()))
      answers.append(try await ledger.service.registerShard(claim.encode()))
      answers.append(try await ledger.store.shard(claim.root))
      var agent = try TestAgent()
      try await ledger.registered(agent)
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
      #expect(try await ledger.store.entry(at: 0, payload: false) == claim.signedHeader)
      #expect(try await ledger.store.entry(at: 0, payload: true) == claim.signedRegistration)
      try ledger.store.close()
    }
    #expect(Set(answers.map(\.receipt?.proof)).count == 1)
    #expect(answers.allSatisfy { $0 == answers[0] })
    let receipt = try #require(answers[0].receipt)
    #expect(answers[0].claim == Data(claim.signedHeader).base64EncodedString())
    // From here on with the log's public key alone.
    let log = try LedgerKey.load(in: folder.path).verifier
    let proof = ClaimProof(
      signedHeader: claim.signedHeader, signedRegistration: claim.signedRegistration,
      proof: try LogProof(encoded: Array(receipt.proof.utf8)))
    let shown = try ClaimProof.decode(proof.encode()).verify(by: log)
    #expect(shown.claim == claim)
    #expect(shown.checkpoint.size == 1)
    let other = try self.claim("Rivers", ["Another text."], by: ada)
    let forged = ClaimProof(
      signedHeader: other.signedHeader, signedRegistration: other.signedRegistration,
      proof: proof.proof)
    #expect(throws: LedgerRefusal.self) { try forged.verify(by: log) }
    #expect(try Fsck.differences(in: folder) == [])
  }

  @Test func `a key's claims and batches do not get into each other's way`() async throws {
    let ledger = try TestLedger()
    var agent = try TestAgent()
    try await ledger.registered(agent)
    for name in ["a", "b", "c"] {
      _ = try await ledger.service.registerShard(claim(name, [name], by: agent.identity).encode())
      _ = try await ledger.service.submit(agent.next([agent.trace()]))
    }
    let known = try await ledger.store.agent(agent.identity.publicKey)
    #expect(known.nextSequence == 3)
    #expect(known.head == agent.previous.hex)
    let header = try claim("d", by: agent.identity).signedHeader
    let asBatch = BatchSubmission(signedHeader: header, payload: nil).encode()
    #expect(try await refusal { _ = try await ledger.service.submit(asBatch) }?.error == .malformed)
    let batch = try agent.batch([agent.trace()])
    #expect(!ClaimHeader.isClaim(batch.signedHeader))
    #expect(throws: LedgerRefusal.self) {
      try ClaimHeader.verify(batch.signedHeader, origin: TestAgent.origin)
    }
    try ledger.store.close()
    #expect(try Fsck.differences(in: ledger.folder) == [])
  }

  @Test func `of claims that come together the first has the shard, and each its own outcome`()
    async throws
  {
    let ledger = try TestLedger()
    let names = (0..<8).map { "contributor \($0)" }
    let outcomes = try await withThrowingTaskGroup(of: (String, LedgerRefusal?).self) { group in
      for name in names {
        group.addTask {
          let identity = try ContributorIdentity(name: name)
          let own = try claim("own of \(name)", [name], by: identity)
          #expect(try await ledger.service.registerShard(own.encode()).receipt != nil)
          let shared = try claim("one for all", by: identity).encode()
          return (name, try await refusal { _ = try await ledger.service.registerShard(shared) })
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.filter { $0.1 == nil }.count == 1)
    #expect(outcomes.allSatisfy { $0.1 == nil || $0.1?.error == .taken })
    #expect(try await ledger.size() == 9)
    try ledger.store.close()
    #expect(try Fsck.differences(in: ledger.folder) == [])
  }

  @Test func `a contributor claims no more a day than the policy says`() async throws {
    let now = Mutex(1_795_000_000)
    let ledger = try TestLedger(
      terms: PolicyTerms(quotas: AgentQuotas(claimsPerDay: 2)), now: { now.withLock { $0 } })
    let (ada, bob) = (try ContributorIdentity(name: "Ada"), try ContributorIdentity(name: "Bob"))
    let register = { (name: String, identity: ContributorIdentity) in
      let body = try claim(name, [name], by: identity).encode()
      now.withLock { $0 += 60 }
      return try await refusal { _ = try await ledger.service.registerShard(body) }
    }
    #expect(try await register("a", ada) == nil)
    #expect(try await register("b", ada) == nil)
    let refused = try #require(try await register("c", ada))
    #expect(refused.error == .overQuota)
    #expect(refused.field == "quota.claims")
    #expect(refused.retryAfter == 86_400 - 120)
    // What is logged is answered, and others are not in the way.
    #expect(try await register("a", ada) == nil)
    #expect(try await register("d", bob) == nil)
    now.withLock { $0 += 86_400 - 300 }
    #expect(try await register("c", ada) == nil)
    // In the same second.
    now.withLock { $0 -= 60 }
    #expect(try await register("e", ada)?.error == .overQuota)
    try ledger.store.close()
    #expect(try Fsck.differences(in: ledger.folder) == [])
  }

  @Test func `a folder of the time before claims were logged goes on, and can log its claims`()
    async throws
  {
    let folder = try TemporaryFolder()
    let ada = try ContributorIdentity(name: "Ada")
    let (old, older) = (try claim("old", by: ada), try claim("older", ["Words."], by: ada))
    try await oldDatabase(in: folder, [older, old])
    let ledger = try TestLedger(folder: folder)
    try await ledger.service.start()
    #expect(try await ledger.store.shard(old.root).receipt == nil)
    let changed = try claim("old", ["Other words."], by: ada)
    let taken = try await refusal {
      _ = try await ledger.service.registerShard(changed.encode())
    }
    #expect(taken?.error == .taken)
    #expect(taken?.field == "claim.registration")
    let bob = try ContributorIdentity(name: "Bob")
    let copy = try await ledger.service.registerShard(claim("copy", by: bob).encode())
    #expect(copy.copies?.map(\.shard) == [old.root.hex])
    let logged = try await ledger.service.registerShard(old.encode())
    #expect(logged.registered == 7)
    #expect(logged.receipt?.index == 1)
    try ledger.store.close()
    #expect(try Fsck.differences(in: folder) == [])
  }

  /// A database with the tables of before, in which claims were registered at second 7.
  private func oldDatabase(in folder: TemporaryFolder, _ claims: [ShardClaim]) async throws {
    let queue = try DatabaseQueue(path: folder.path + "/" + LedgerSchema.file)
    let old = LedgerSchema.migrations.prefix { $0.name != "claims" }
    try await queue.write { database in
      try database.execute(
        sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      let connection = SQLiteConnection(database: database, source: "old")
      for migration in old {
        try migration.run(connection)
        try database.execute(
          sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [migration.name])
      }
      for claim in claims {
        let shard = claim.registration
        try database.execute(
          sql: "INSERT INTO shards VALUES (?, ?, ?, ?, 7, ?)",
          arguments: [
            Data(shard.root.bytes), shard.name, Data(shard.contributor.bytes),
            shard.contributorName, Data(claim.signedRegistration),
          ])
        try DocumentRegistry(connection).add(shard.documents, of: shard.root)
      }
    }
    try queue.close()
  }

  @Test(arguments: [
    ("UPDATE shards SET entry = NULL WHERE entry = 1", "entries[1].header.root"),
    ("UPDATE shards SET entry = 9 WHERE entry = 1", "entries[1].header.root"),
    ("UPDATE entries SET sequence = -7 WHERE position = 1", "entries[1].sequence"),
    ("UPDATE entries SET sequence = 3 WHERE position = 0", "entries[0].sequence"),
    ("UPDATE entries SET agent = zeroblob(32) WHERE position = 0", "entries[0].agent"),
    ("UPDATE entries SET agent_bytes = 5 WHERE position = 0", "entries[0].agent_bytes"),
    ("UPDATE entries SET payload = x'00' WHERE position = 0", "entries[0].payload"),
    ("UPDATE entries SET logged = 5 WHERE position = 0", "entries[0].logged"),
    ("UPDATE shards SET registered = registered + 1", "entries[0].logged"),
  ]) func `fsck finds a changed row of a claim and names it`(sql: String, field: String)
    async throws
  {
    let ledger = try TestLedger()
    let ada = try ContributorIdentity(name: "Ada")
    for name in ["a", "b", "c"] {
      _ = try await ledger.service.registerShard(claim(name, [name], by: ada).encode())
    }
    try ledger.store.close()
    try await DatabaseQueue(path: ledger.folder.path + "/" + LedgerSchema.file).write {
      try $0.execute(sql: sql)
    }
    let differences = try Fsck.differences(in: ledger.folder)
    #expect(differences.contains { $0.field.hasPrefix(field) }, "\(sql): \(differences)")
  }
}
