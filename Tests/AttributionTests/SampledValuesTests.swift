import Testing

@testable import Attribution

@Suite struct SampledValuesTests {
  private func plan(_ owners: [Int], seed: UInt64, pairs: Int = 16) -> AttributionPlan {
    AttributionPlan(
      partition: Partition(contributorOfDocument: owners), seed: seed,
      limits: AttributionPlan.Limits(pairs: pairs))
  }

  @Test func `the same seed draws the same orders and another seed others`() throws {
    let owners = [0, 1, 2, 3, 4, 5, 6]
    let random = TableScorer(try randomGame(7, seed: 1))
    let first = try plan(owners, seed: 9, pairs: 4).influence(scoredBy: random)
    #expect(try plan(owners, seed: 9, pairs: 4).influence(scoredBy: random) == first)
    #expect(try plan(owners, seed: 10, pairs: 4).influence(scoredBy: random) != first)
  }

  @Test func `sampled values sum to the gain to the last bit`() throws {
    let owners = [0, 1, 1, 2, 3, 4, 4, 5]
    for seed in UInt64(1)...10 {
      let random = try randomGame(8, seed: seed)
      let influence = try plan(owners, seed: seed, pairs: 3).influence(
        scoredBy: TableScorer(random))
      #expect(!influence.isExact)
      #expect(influence.contributors.map(\.shapley).reduce(0, +) == random.gain)
      for contributor in 0...5 {
        let documents = influence.documents.filter { $0.contributor == contributor }
        #expect(
          documents.map(\.owen).reduce(0, +) == influence.contributors[contributor].shapley)
      }
      #expect(influence.shares.ppm.reduce(influence.shares.ownKnowledgePPM, +) == 1_000_000)
    }
  }

  @Test func `leave-one-out and solo are exact beside sampled values`() throws {
    let random = try randomGame(6, seed: 3)
    let influence = try plan([0, 1, 2, 3, 4, 5], seed: 3).influence(scoredBy: TableScorer(random))
    #expect(influence.contributors.map(\.leaveOneOut) == random.leaveOneOut())
    #expect(influence.contributors.map(\.solo) == random.solo())
    #expect(influence.contributors.allSatisfy { $0.banzhaf == nil })
  }

  @Test func `pairs of opposite orders are exact where only pairs of players interact`() throws {
    var generator = SplitMix64(seed: 5)
    let weights = (0..<64).map { _ in MicroNats(generator.below(1000)) * 2 }
    let pairwise = try game(8) { coalition in
      let members = coalition.members
      return members.reduce(0) { sum, a in
        members.reduce(sum) { $0 + ($1 <= a ? weights[8 * a + $1] : 0) }
      }
    }
    let influence = try plan(Array(0..<8), seed: 2, pairs: 2).influence(
      scoredBy: TableScorer(pairwise))
    #expect(
      influence.contributors.map(\.shapley) == pairwise.shapley().rounded(to: pairwise.gain))
    #expect(influence.contributors.allSatisfy { $0.standardError == 0 })
  }

  /// Student's t for 15 degrees of freedom covers 95 % within 2.131 errors.
  ///
  /// 200 games of 7 players are 1400
  /// intervals; the players of one game are not independent, hence the allowance of 2.5 points.
  @Test func `the stated error covers the exact value at its stated rate`() throws {
    var covered = 0
    var total = 0
    for seed in UInt64(1)...200 {
      let random = try randomGame(7, seed: 1000 + seed)
      let exact = random.shapley().doubles
      let influence = try plan(Array(0..<7), seed: seed).influence(scoredBy: TableScorer(random))
      for (player, value) in influence.contributors.enumerated() {
        total += 1
        let error = abs(Double(value.shapley) - exact[player])
        if error <= 2.131 * (value.standardError ?? 0) + 1 { covered += 1 }
      }
    }
    let rate = Double(covered) / Double(total)
    #expect(rate > 0.925, "covered \(rate)")
    #expect(rate < 0.975, "covered \(rate): the stated error is too large")
  }

  @Test func `the error in ppm scales with the share`() {
    // Influence 6 of a sum of 8, pot 7/10: one micro-nat of error is 0.7 / 8 of a million.
    #expect(
      InformationShares.standardErrorPPM(
        1, influences: [6, 2], withoutSources: -10, withAllSources: -3) == 87_500)
    #expect(
      InformationShares.standardErrorPPM(
        1, influences: [6, 2], withoutSources: 0, withAllSources: 0) == 0)
  }
}
