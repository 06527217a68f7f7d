import Corpus
import Crypto
import Foundation
import GRDB
import LedgerWire
import Testing
import TransparencyLog

@testable import Ledger

/// What is no proof moves nothing.
@Suite struct ContestRefusalTests {
  private let world: World

  init() throws { world = try World() }

  @Test func `contests without proof are refused, each with its reason`() async throws {
    let stolen = try await world.register("stolen", [World.text], world.mallory)
    _ = try await world.register("Rivers", [World.nearly], world.ada)
    _ = try await world.register("Bob's", [World.nearly], world.bob)
    let good = try world.proof("Rivers", [World.text])
    let other = try World.OldLog(origin: World.oldOrigin)
    let stranger = try World.OldLog(origin: "stranger.example/log")
    let cases: [(name: String, body: [UInt8], World.Reason)] = try [
      (
        "for another ledger",
        world.contest(stolen.root, "Rivers", good, origin: "other.example/log"),
        .init(.wrongOrigin, "origin")
      ),
      (
        "replayed by somebody else",
        world.contest(stolen.root, "Bob's", good, by: world.bob),
        .init(.badSignature, "contest.proof")
      ),
      (
        "by a log with the trusted one's name and another key",
        world.contest(stolen.root, "Rivers", world.proof("Rivers", [World.text], in: other)),
        .init(.badSignature, "claim proof")
      ),
      (
        "by a log that is not trusted",
        world.contest(stolen.root, "Rivers", world.proof("Rivers", [World.text], in: stranger)),
        .init(.notProven, "contest.proof.log")
      ),
      (
        "of another claim",
        world.contest(
          stolen.root, "Rivers",
          ClaimProof(
            signedHeader: world.proof("Rivers", [World.nearly]).signedHeader,
            signedRegistration: world.proof("Rivers", [World.nearly]).signedRegistration,
            proof: good.proof)), .init(.badSignature, "claim proof")
      ),
      (
        "with the fingerprints of another claim",
        world.contest(
          stolen.root, "Rivers",
          ClaimProof(
            signedHeader: good.signedHeader,
            signedRegistration: world.proof("Rivers", [World.nearly]).signedRegistration,
            proof: good.proof)), .init(.badSignature, "claim.registration")
      ),
      (
        "with too few witnesses",
        world.contest(
          stolen.root, "Rivers", world.proof("Rivers", [World.text], cosigners: 1)),
        .init(.notProven, "contest.proof.time")
      ),
      (
        "not earlier",
        world.contest(
          stolen.root, "Rivers", world.proof("Rivers", [World.text], at: World.now)),
        .init(.notProven, "contest.proof.time")
      ),
      (
        "not similar",
        world.contest(stolen.root, "Rivers", world.proof("Rivers", ["Something else."])),
        .init(.notProven, "contest.proof.documents")
      ),
      (
        "without a shard here", world.contest(stolen.root, "nowhere", good),
        .init(.notFound, "contest.own")
      ),
      (
        "with somebody else's shard", world.contest(stolen.root, "Bob's", good),
        .init(.taken, "contest.own")
      ),
      (
        "with a shard that is no copy",
        world.contest(
          world.root("Bob's").hex, "Rivers", good), .init(.notProven, "contest.own")
      ),
      (
        "of what nobody registered", world.contest(world.root("nothing").hex, "Rivers", good),
        .init(.notFound, "contest.contested")
      ),
      (
        "a claim beside a contest about documents",
        world.contest(
          stolen.root, "Rivers", good, claim: world.claim("Rivers", [World.text], world.ada)),
        .init(.malformed, "contest.claim")
      ),
      (
        "about a root, without a claim", world.contest(stolen.root, "stolen", good),
        .init(.malformed, "contest.claim")
      ),
    ]
    for (name, body, reason) in cases {
      #expect(try await world.refused(body) == reason, "\(name)")
    }
    world.wait(World.window + 1)
    #expect(
      try await world.refused(world.contest(stolen.root, "Rivers", good))
        == .init(.contestClosed, "contest.window"))
    #expect(try await world.ledger.store.contests(from: 0, count: 1).contests == [])
    #expect(try await world.shard("stolen").copies == [])
    #expect(try await world.differences() == [])
  }

  @Test func `a contest with a changed byte is refused`() async throws {
    let stolen = try await world.register("stolen", [World.text], world.mallory)
    _ = try await world.register("Rivers", [World.nearly], world.ada)
    let body = try world.contest(stolen.root, "Rivers", try world.proof("Rivers", [World.text]))
    for index in stride(from: 0, to: body.count, by: 11) {
      var changed = body
      changed[index] ^= 1
      #expect(try await world.refused(changed) != nil, "byte \(index)")
    }
    #expect(try await world.ledger.service.contest(body).number == 0)
  }

  @Test func `what is trusted in contests is in the signed policy`() async throws {
    let note = try SignedNote(encoded: Array(await world.ledger.service.policy().utf8))
    let policy = try LedgerPolicy.verify(note, by: world.ledger.store.verifier)
    #expect(policy.terms == world.ledger.store.terms)
    let (log, witnesses) = (world.old.signer.verifier, world.old.witnesses.map(\.verifier))
    #expect(policy.terms.contests.logs == [log])
    #expect(policy.terms.contests.witnesses?.witnesses == witnesses)
    #expect(
      note.text.hasSuffix(
        """
        contest-seconds 1209600
        contest-logs \(log.vkey)
        contest-witnesses \(witnesses.map(\.vkey).joined(separator: " "))
        contest-quorum 2

        """))
    for (old, new) in [
      ("contest-quorum 2", "contest-quorum 4"), ("contest-quorum 2\n", ""),
      ("contest-logs ", "contest-logs  "), ("contest-seconds ", "contest-seconds -"),
      ("contest-witnesses ", "contest-witnesses \(witnesses[0].vkey) "),
    ] {
      #expect(throws: NoteError.self, "\(new)") {
        try LedgerPolicy(text: note.text.replacing(old, with: new))
      }
    }
  }

  @Test func `the time is the quorum's latest, so that one early witness does not decide`() throws {
    let log = try World.OldLog(origin: "a.example/log")
    let policy = try WitnessPolicy(witnesses: log.witnesses.map(\.verifier), quorum: 2)
    let note = { (times: [Int]) in
      let note = try Checkpoint(origin: "a.example/log", size: 1, root: .leaf([]))
        .sign(by: log.signer)
      return try note.adding(
        zip(log.witnesses, times).filter { $0.1 > 0 }.map { witness, time in
          try witness.sign(checkpoint: note.text, time: UInt64(time))
        })
    }
    #expect(try policy.time(of: note([7, 900, 300]), now: 1000) == .valid(300))
    #expect(try policy.time(of: note([7, 900, 0]), now: 1000) == .valid(900))
    for times in [[7, 0, 0], [0, 0, 0], [7, 300, 90_000]] {
      guard case .invalid = try policy.time(of: note(times), now: 1000) else {
        Issue.record("\(times) are a time")
        continue
      }
    }
  }

  @Test(arguments: [
    ("UPDATE contests SET digest = zeroblob(32) WHERE number = 0", "contests[0].digest"),
    ("UPDATE contests SET record = x'00' WHERE number = 0", "contests[0].record"),
    ("UPDATE contests SET policy = zeroblob(32) WHERE number = 0", "contests[0].policy"),
    ("UPDATE contests SET filed = filed + 2000000 WHERE number = 0", "contests[0].record"),
    ("UPDATE contests SET proven = 1 WHERE number = 0", "contests[0].proven"),
    ("UPDATE contests SET log = 'other' WHERE number = 0", "contests[0].log"),
    ("UPDATE contests SET root = own WHERE number = 0", "contests[0].root"),
    ("UPDATE contests SET contested = own WHERE number = 0", "contests[0].contested"),
    ("UPDATE contests SET own = contested WHERE number = 1", "contests[1].own"),
    ("UPDATE contests SET takes_root = 0 WHERE number = 1", "contests[1].takes_root"),
    ("DELETE FROM contests WHERE number = 0", "contests[0].number"),
    ("DELETE FROM cluster_moves WHERE contest = 0", "contests[0].moves"),
    ("UPDATE cluster_moves SET owner = 0 WHERE contest = 0", "contests[0].moves"),
    ("INSERT INTO cluster_moves (founder, contest, owner) VALUES (1, 9, 1)", "cluster_moves"),
    ("UPDATE shards SET holder = NULL", "shards["),
    ("UPDATE shards SET holder = zeroblob(32) WHERE holder IS NULL", "shards["),
    ("UPDATE shards SET claimed_root = NULL", "shards["),
  ]) func `fsck finds a changed row of a contest and names it`(sql: String, field: String)
    async throws
  {
    let stolen = try await world.register("stolen", [World.text], world.mallory)
    _ = try await world.register("Rivers", [World.nearly], world.ada)
    _ = try await world.ledger.service.contest(
      world.contest(stolen.root, "Rivers", try world.proof("Rivers", [World.text])))
    let squatted = try await world.register("Ponds", ["Three ponds."], world.mallory)
    _ = try await world.ledger.service.contest(
      world.contest(
        squatted.root, "Ponds", try world.proof("Ponds", ["Three ponds."]),
        claim: try world.claim("Ponds", ["Three ponds."], world.ada)))
    #expect(try await world.differences() == [])
    try await DatabaseQueue(path: world.ledger.folder.path + "/" + LedgerSchema.file).write {
      try $0.execute(sql: sql)
    }
    let differences = try await world.differences()
    #expect(differences.contains { $0.field.hasPrefix(field) }, "\(sql): \(differences)")
  }
}
