import Corpus
import LedgerWire
import Testing

@testable import Ledger

/// A statement says of each shard how it stands, before and after a contest.
@Suite struct StatementStandingTests {
  @Test func `originals, copies and contested shards are told apart`() async throws {
    let world = try World()
    let stolen = try await world.register("stolen", [World.text, "Her own."], world.mallory)
    _ = try await world.register("Rivers", [World.nearly, "Another text."], world.ada)
    _ = try await world.register("plain", [], world.ada)
    // One's own document twice is no copy of somebody else's.
    _ = try await world.register("again", ["Another text."], world.ada)
    #expect(
      try await standings(of: world.ada, in: world) == [
        "Rivers": .init(.copy, 1, of: 2), "plain": .init(.original, 0, of: nil),
        "again": .init(.original, 0, of: 1),
      ])
    #expect(
      try await standings(of: world.mallory, in: world) == ["stolen": .init(.original, 0, of: 2)])
    _ = try await world.ledger.service.contest(
      world.contest(stolen.root, "Rivers", try world.proof("Rivers", [World.text])))
    #expect(
      try await standings(of: world.ada, in: world)["Rivers"] == .init(.original, 0, of: 2))
    #expect(
      try await standings(of: world.mallory, in: world) == ["stolen": .init(.contested, 1, of: 2)])
  }

  private struct Standing: Equatable {
    let standing: ShardMessage.Standing?
    let copied: Int?
    let documents: Int?

    init(_ standing: ShardMessage.Standing?, _ copied: Int?, of documents: Int?) {
      self.standing = standing
      self.copied = copied
      self.documents = documents
    }
  }

  private func standings(
    of identity: ContributorIdentity, in world: World
  ) async throws -> [String: Standing] {
    let statement = try await world.ledger.store.statement(of: identity.publicKey, period: nil)
    let pairs = statement.shards.map {
      ($0.name, Standing($0.standing, $0.copied, of: $0.documents))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
