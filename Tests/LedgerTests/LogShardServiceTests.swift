import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import TestSupport
import Testing
import Trace
import TransparencyLog

@testable import Ledger

/// Two log shards as two stores: each takes its own keys, and the first has the registry.
@Suite struct LogShardServiceTests {
  private struct World {
    let keys: LogShardKeys
    let shards: LogShards
    let ledgers: [TestLedger]

    init(_ admission: AdmissionRule = .open) throws {
      keys = try LogShardKeys()
      let shards = try keys.list()
      ledgers = try keys.folders.enumerated().map { number, folder in
        try TestLedger(
          folder: folder, origin: LogShardKeys.origin(number),
          terms: PolicyTerms(admission: admission, logShards: shards))
      }
      self.shards = shards
    }

    func check(_ number: Int) throws -> [Difference] {
      try Fsck.differences(in: keys.folders[number], verifier: ledgers[number].store.verifier)
    }

    func claim(_ identity: ContributorIdentity, origin number: Int = 0) throws -> [UInt8] {
      try ShardClaim.sign(
        origin: LogShardKeys.origin(number), root: Digest(sha256: [1]), name: "Rivers",
        identity: identity
      ).encode()
    }
  }

  @Test func `an agent's key is taken by its own log shard alone`() async throws {
    let world = try World()
    for number in 0..<2 {
      let agent = try TestAgent.inLogShard(number, of: world.shards)
      let (own, other) = (world.ledgers[number], world.ledgers[1 - number])
      let (name, wrong) = (LogShardKeys.origin(number), LogShardKeys.origin(1 - number))
      _ = try await own.service.registerAgent(agent.registration(origin: name))
      let batch = try agent.batch([agent.trace()], origin: name).body
      #expect(try await own.service.submit(batch).index == 0)
      let refusals = [
        try await refusal {
          _ = try await other.service.registerAgent(agent.registration(origin: wrong))
        },
        try await refusal { _ = try await other.service.agent(agent.identity.publicKey) },
        try await refusal {
          _ = try await other.service.submit(agent.batch([agent.trace()], origin: wrong).body)
        },
      ]
      #expect(refusals.map(\.?.field) == ["agent", "agent", "batch.agent"])
      for refusal in refusals {
        #expect(refusal?.error == .misdirected)
        #expect(refusal?.found.hasPrefix(agent.identity.publicKey.hex) == true)
        #expect(refusal?.expected.hasSuffix("https://shard\(number).example") == true)
      }
    }
    for number in 0..<2 {
      #expect(try await world.ledgers[number].size() == 1)
      #expect(try world.check(number) == [])
    }
  }

  @Test func `log shard 0 takes everybody's claims, and no batches of those who make them`()
    async throws
  {
    let world = try World(.invitation)
    let stray = try TestAgent.inLogShard(1, of: world.shards)
    let ada = stray.identity
    let first = world.ledgers[0]
    #expect(
      try await refusal { _ = try await first.service.registerShard(world.claim(ada)) }?.error
        == .unknownAgent)
    let invitation = try Invitation.issue(by: world.keys.signer(0), expires: 1_800_000_000)
    let registration = try AgentRegistration.sign(
      origin: LogShardKeys.origin(0), identity: ada, proof: .invitation(invitation))
    #expect(
      try await refusal { _ = try await first.service.registerAgent(registration) }?.error
        == .misdirected)
    _ = try await first.service.registerAgent(registration, forClaims: true)
    let held = try await first.service.registerShard(world.claim(ada))
    #expect(held.receipt?.index == 0)
    let batch = try stray.batch([stray.trace()], origin: LogShardKeys.origin(0))
    #expect(
      try await refusal { _ = try await first.service.submit(batch.body) }?.error == .misdirected)

    try await serving(world.ledgers[1]) { url, _ in
      let body = try world.claim(ada, origin: 1)
      let answers = [
        try await HTTP.post(url + "/v1/shards", body),
        try await HTTP.post(url + "/v1/contests", body),
        try await HTTP.post(url + "/v1/agents?for=claims", ada.registration(origin: 1)),
        try await HTTP.get(url + "/v1/shards/" + held.root),
        try await HTTP.get(url + "/v1/contests"), try await HTTP.get(url + "/v1/contests/0"),
        try await HTTP.get(url + "/v1/contests/0/record"),
      ]
      for answer in answers {
        #expect(answer.status == 421)
        #expect(answer.body.contains("misdirected") && answer.body.contains("shard0.example"))
      }
      #expect(try await HTTP.post(url + "/v1/agents?for=tea", body).status == 400)
    }
    for number in 0..<2 { #expect(try world.check(number) == []) }
  }

  /// Opens log shard 0 with that list and asks for its policy.
  private func version(_ keys: LogShardKeys, _ shards: LogShards?) async throws -> Int {
    let ledger = try TestLedger(
      folder: keys.folders[0], origin: LogShardKeys.origin(0),
      terms: PolicyTerms(logShards: shards))
    defer { try? ledger.store.close() }
    try await ledger.service.start()
    let note = try SignedNote(encoded: Array(await ledger.service.policy().utf8))
    return try LedgerPolicy(text: note.text).version
  }

  @Test func `the logs and their order are fixed once an agent is registered`() async throws {
    let keys = try LogShardKeys(4)
    let (four, pair) = (try keys.list(), try LogShards(Array(keys.list().members.prefix(2))))
    // Nothing is registered yet.
    for (list, expected) in [(nil, 1), (four, 2), (pair, 3)] {
      #expect(try await version(keys, list) == expected)
    }
    let ledger = try TestLedger(
      folder: keys.folders[0], origin: LogShardKeys.origin(0), terms: PolicyTerms(logShards: pair))
    let agent = try TestAgent.inLogShard(0, of: pair)
    _ = try await ledger.service.registerAgent(agent.registration(origin: LogShardKeys.origin(0)))
    try ledger.store.close()
    let swapped = try LogShards(pair.members.reversed())
    for list in [nil, four, swapped] {
      let error = await #expect(throws: LedgerError.self) { try await version(keys, list) }
      #expect(error?.field == "log shards")
      #expect(error?.expected.contains("its sequence would begin anew") == true)
    }
    let moved = try LogShards([
      pair.members[0],
      LogShards.Member(text: "https://new.example=\(pair.members[1].verifier.vkey)"),
    ])
    #expect(try await version(keys, moved) == 4)
    #expect(try await version(keys, pair) == 5)
  }

  @Test func `a log whose key is not in the list does not open`() throws {
    let (keys, others) = (try LogShardKeys(), try LogShardKeys())
    #expect(throws: NoteError.self) {
      try TestLedger(
        folder: keys.folders[0], origin: LogShardKeys.origin(0),
        terms: PolicyTerms(logShards: others.list()))
    }
  }

  @Test func `fsck finds what is in the wrong log shard`() async throws {
    let world = try World()
    let stray = try TestAgent.inLogShard(0, of: world.shards)
    let ledger = world.ledgers[1]
    try await ledger.service.start()
    let name = LogShardKeys.origin(1)
    let record = try stray.registration(origin: name)
    _ = try await ledger.store.register(
      AgentRegistration.verify(record, origin: name), record: record, now: 1)
    let batch = try stray.batch([stray.trace()], origin: name)
    let admitted = try Admission(origin: name).admitHeader(
      of: BatchSubmission.decode(batch.voidBody))
    let claim = try ShardClaim.decode(world.claim(stray.identity, origin: 1), origin: name)
    _ = try await ledger.store.integrate([.batch(admitted), .claim(claim)], now: 1)
    _ = try await ledger.store.publish()
    let found = try world.check(1)
    #expect(
      found.map(\.field) == [
        "agents[\(stray.identity.publicKey)].key", "entries[0].agent", "entries[1].agent",
      ])
    #expect(found.allSatisfy { $0.expected.contains("log shard") })
  }
}

extension ContributorIdentity {
  fileprivate func registration(origin number: Int) throws -> [UInt8] {
    try AgentRegistration.sign(
      origin: LogShardKeys.origin(number), identity: self, proof: .none)
  }
}
