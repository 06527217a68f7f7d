import Attribution
import Testing

@testable import AttributionMethods

@Suite struct DatamodelingScoreTests {
  @Test func `an additive game is ranked perfectly by its own worths`() throws {
    let worths = [3.0, -1, 0.5, 8]
    let all = Coalition.everyone(4).subsets
    let values = all.map { $0.members.reduce(-20) { $0 + worths[$1] } }
    let same = try #require(
      DatamodelingScore.score(weights: worths, coalitions: all, values: values))
    let opposite = try #require(
      DatamodelingScore.score(weights: worths.map { -$0 }, coalitions: all, values: values))
    #expect(isNear(same, 1))
    #expect(isNear(opposite, -1))
    #expect(
      DatamodelingScore.score(weights: [0, 0, 0, 0], coalitions: all, values: values) == nil)
  }

  @Test func `one source of four that decides alone is half of the ranking`() throws {
    // Sixteen coalitions, two distinct values: the ranking of those within each half is ties.
    let all = Coalition.everyone(4).subsets
    let values = all.map { $0.contains(2) ? 0.0 : -9 }
    let found = try #require(
      DatamodelingScore.score(weights: [0, 0, 1, 0], coalitions: all, values: values))
    #expect(isNear(found, 1))
    let wrong = try #require(
      DatamodelingScore.score(weights: [1, 0, 0, 0], coalitions: all, values: values))
    #expect(isNear(wrong, 0))
  }

  @Test func `held-out coalitions are new, distinct and the same for the same seed`() {
    let used = Set(Coalition.everyone(5).subsets)
    let found = DatamodelingScore.heldOut(players: 8, excluding: used, count: 32, seed: 3)
    #expect(found.count == 32)
    #expect(Set(found).count == 32)
    #expect(used.isDisjoint(with: found))
    #expect(found == DatamodelingScore.heldOut(players: 8, excluding: used, count: 32, seed: 3))
    #expect(found != DatamodelingScore.heldOut(players: 8, excluding: used, count: 32, seed: 4))
  }

  @Test func `what is left is all that is held out`() {
    let used = Set(Coalition.everyone(4).subsets.dropLast(3))
    let found = DatamodelingScore.heldOut(players: 4, excluding: used, count: 32, seed: 1)
    #expect(Set(found) == Set(Coalition.everyone(4).subsets.suffix(3)))
  }
}
