import AsyncHTTPClient
import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import NIOCore
import Testing
import TransparencyLog

@testable import Ledger

/// Whoever claimed a text first in a log that this ledger trusts gets it back.
@Suite struct ContestTests {
  private let world: World

  init() throws { world = try World() }

  @Test func `an earlier claim in a trusted log takes back the clusters of a copy`() async throws {
    let stolen = try await world.register(
      "stolen", [World.text, "A text of her own."], world.mallory)
    let late = try await world.register("late copy", [World.nearly], world.bob)
    #expect(late.copies?.map(\.contributor) == [world.mallory.publicKey.hex])
    let own = try await world.register("Rivers", [World.nearly, "Another text."], world.ada)
    #expect(own.copies?.map(\.shard) == [stolen.root])
    let body = try world.contest(
      stolen.root, "Rivers", try world.proof("Rivers of old", [World.text]))
    let contest = try await world.ledger.service.contest(body)
    #expect(contest.number == 0)
    #expect(contest.filed == World.now)
    #expect(contest.contested == stolen.root)
    #expect(contest.contestedContributor == world.mallory.publicKey.hex)
    #expect(contest.shard == own.root)
    #expect(contest.contributor == world.ada.publicKey.hex)
    #expect(contest.log == World.oldOrigin)
    #expect(contest.proven == World.oldTime)
    #expect(!contest.movesRoot)
    let (original, copy) = (DocumentFingerprint(World.text), DocumentFingerprint(World.nearly))
    #expect(contest.documents == [.init(document: original.digest.hex, owner: copy.digest.hex)])
    // The whole cluster is hers now, and what joins it later.
    #expect(try await world.shard("Rivers").copies == [])
    for name in ["stolen", "late copy"] {
      #expect(try await world.shard(name).copies?.map(\.shard) == [own.root], "\(name)")
    }
    let later = try await world.register("later", [World.text], world.bob)
    #expect(later.copies?.map(\.contributor) == [world.ada.publicKey.hex])
    #expect(try await world.shard("stolen").documents == 2)
    // Filed again it is the same contest, and what is kept of it is what was signed.
    #expect(try await world.ledger.service.contest(body) == contest)
    #expect(try await world.ledger.store.contestRecord(0) == body)
    #expect(try await world.differences() == [])
  }

  @Test func `the owner of a root that somebody else registered first takes it back`() async throws
  {
    let squatted = try await world.register("Rivers", [World.text, "Bait."], world.mallory)
    let claim = try world.claim("Rivers", [World.nearly, "Another text."], world.ada)
    let taken = try await refusal {
      _ = try await world.ledger.service.registerShard(claim.encode())
    }
    #expect(taken?.error == .taken)
    let other = try world.contest(
      squatted.root, "Rivers", try world.proof("Ponds", [World.text]), claim: claim)
    #expect(try await world.refused(other) == .init(.notProven, "contest.proof.root"))
    let body = try world.contest(
      squatted.root, "Rivers", try world.proof("Rivers", [World.nearly]), claim: claim)
    let contest = try await world.ledger.service.contest(body)
    #expect(contest.movesRoot)
    #expect(contest.clusters == 1)
    #expect(try await world.ledger.service.contest(body) == contest)
    let held = try await world.shard("Rivers")
    #expect(held.contributor == world.ada.publicKey.hex)
    #expect(held.root == squatted.root)
    #expect(held.documents == 2)
    #expect(held.copies == [])
    // Her claim is in the log like any other.
    #expect(held.claim == Data(claim.signedHeader).base64EncodedString())
    #expect(try await world.ledger.service.registerShard(claim.encode()) == held)
    let lost = try await refusal {
      _ = try await world.register("Rivers", [World.text, "Bait."], world.mallory)
    }
    #expect(lost?.error == .taken)
    #expect(lost?.expected.contains(world.ada.publicKey.hex) == true)
    let statement = try await world.ledger.store.statement(of: world.ada.publicKey, period: nil)
    #expect(statement.shards.map(\.root) == [squatted.root])
    #expect(
      try await world.ledger.store.statement(of: world.mallory.publicKey, period: nil).shards == [])
    #expect(try await world.differences() == [])
  }

  @Test func `a still earlier claim wins, also a root back, and every win can be contested anew`()
    async throws
  {
    let first = try await world.register("Rivers", [World.text], world.mallory)
    let claim = try world.claim("Rivers", [World.text], world.ada)
    world.wait(World.window - 10)
    let adas = try world.contest(
      first.root, "Rivers", try world.proof("Rivers", [World.text]), claim: claim)
    _ = try await world.ledger.service.contest(adas)
    // The window of the registration is over, that of the contest is not.
    world.wait(100)
    let again = try world.claim("Rivers", [World.text], world.mallory)
    let proof = { (time: Int) in
      try world.proof("Rivers", [World.text], world.mallory, at: time)
    }
    let later = try world.contest(
      first.root, "Rivers", proof(World.oldTime + 1), claim: again, by: world.mallory)
    #expect(try await world.refused(later) == .init(.notProven, "contest.proof.time"))
    let earlier = try world.contest(
      first.root, "Rivers", proof(World.oldTime - 1), claim: again, by: world.mallory)
    #expect(try await world.ledger.service.contest(earlier).number == 1)
    let held = try await world.shard("Rivers")
    #expect(held.contributor == world.mallory.publicKey.hex)
    #expect(held.receipt == first.receipt)
    #expect(held.copies == [])
    // What was decided before is still known, and moves nothing any more.
    #expect(try await world.ledger.service.contest(adas).number == 0)
    #expect(try await world.shard("Rivers") == held)
    world.wait(World.window + 1)
    let tooLate = try world.contest(
      first.root, "Rivers", try world.proof("Rivers", [World.text], at: 5), claim: claim)
    #expect(try await world.refused(tooLate) == .init(.contestClosed, "contest.window"))
    #expect(try await world.differences() == [])
  }

  @Test func `what a squatter keeps when the root is lost can be contested by others`() async throws
  {
    let bait = "Bob's text about the lighthouse and the fog horn on its north pier."
    let squatted = try await world.register("Rivers", [World.text, bait], world.mallory)
    let claim = try world.claim("Rivers", [World.text], world.ada)
    _ = try await world.ledger.service.contest(
      world.contest(
        squatted.root, "Rivers", try world.proof("Rivers", [World.text]), claim: claim))
    let own = try await world.register("Bob's", [bait], world.bob)
    #expect(own.copies?.map(\.contributor) == [world.mallory.publicKey.hex])
    let contest = try await world.ledger.service.contest(
      world.contest(
        squatted.root, "Bob's", try world.proof("Bob's", [bait], world.bob), by: world.bob))
    #expect(contest.contestedContributor == world.mallory.publicKey.hex)
    #expect(try await world.shard("Bob's").copies == [])
    #expect(try await world.shard("Rivers").copies == [])
    #expect(try await world.differences() == [])
  }

  @Test func `a claim of this log is proof by its place, for a cluster it could not join`()
    async throws
  {
    // Each is near the next, and the last is not near the first.
    let words = (0..<400).map { "word\($0 * 7919 % 1009)" }
    let changed = { (places: [Int]) in
      words.enumerated().map { places.contains($0.offset) ? "other" : $0.element }
        .joined(separator: " ")
    }
    let (some, more) = ((0..<7).map { $0 * 25 }, (0..<7).map { 200 + $0 * 25 })
    _ = try await world.register("first", [changed([])], world.bob)
    let old = try await world.register("old", [changed(some)], world.ada)
    #expect(old.copies?.count == 1)
    let stolen = try await world.register("stolen", [changed(some + more)], world.mallory)
    #expect(stolen.copies == [])
    let own = try await world.register("own", [changed(some + more)], world.ada)
    #expect(own.copies?.map(\.shard) == [stolen.root])
    let later = try await world.ownProof(of: "own")
    #expect(
      try await world.refused(world.contest(stolen.root, "own", later))
        == .init(.notProven, "contest.proof.time"))
    let contest = try await world.ledger.service.contest(
      world.contest(stolen.root, "own", try await world.ownProof(of: "old")))
    #expect(contest.log == TestAgent.origin)
    #expect(contest.proven == World.now)
    #expect(try await world.shard("own").copies == [])
    #expect(try await world.differences() == [])
  }

  @Test func `contests are listed in pages`() async throws {
    let proof = try world.proof("Rivers", (0..<5).map { "text number \($0)" })
    for index in 0..<5 {
      let stolen = try await world.register(
        "stolen \(index)", ["text number \(index)"], world.mallory)
      _ = try await world.register("own \(index)", ["text number \(index)"], world.ada)
      _ = try await world.ledger.service.contest(
        world.contest(stolen.root, "own \(index)", proof))
    }
    try await serving(world.ledger) { url, _ in
      var (numbers, from): ([Int], Int?) = ([], 0)
      while let first = from {
        let answer = try await get("\(url)/v1/contests?from=\(first)&limit=2")
        let page = try JSONDecoder().decode(ContestPage.self, from: answer.body)
        #expect(page.contests.count <= 2)
        #expect(page.contests.allSatisfy { $0.documents == nil && $0.clusters == 1 })
        numbers += page.contests.map(\.number)
        from = page.next
      }
      #expect(numbers == [0, 1, 2, 3, 4])
      for (path, status) in [
        ("/v1/contests", 200), ("/v1/contests/4", 200), ("/v1/contests/4/record", 200),
        ("/v1/contests/5", 404), ("/v1/contests/5/record", 404), ("/v1/contests/x", 400),
        ("/v1/contests?limit=0", 400), ("/v1/contests?limit=101", 400),
        ("/v1/contests?from=-1", 400),
      ] {
        #expect(try await get(url + path).status == status, "\(path)")
      }
    }
  }

  private func get(_ url: String) async throws -> (status: UInt, body: Data) {
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: url), timeout: .seconds(120))
    let body = try await response.body.collect(upTo: 1 << 20)
    return (response.status.code, Data(body.readableBytesView))
  }
}
