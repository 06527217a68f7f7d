import Testing

@testable import Attribution

/// A trace names neither its limits nor its kind of sampling; its coalitions tell.
@Suite struct PublishedLimitsTests {
  private static let earlier = AttributionPlan.Limits(
    exactPlayers: 4, pairs: 16, sampling: .orders, smallestPart: nil)

  @Test(arguments: [
    [], [0], [0, 1, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5, 6], [0, 0, 1, 2, 3, 4, 5, 6, 7],
  ])
  func `the plan of a table is found again, whichever limits it was made with`(
    owners: [Int]
  ) throws {
    let partition = Partition(contributorOfDocument: owners)
    for (seed, limits) in [UInt64(1), 2, 3].flatMap({ seed in
      AttributionPlan.Limits.published.map { (seed, $0) }
    }) {
      let made = AttributionPlan(partition: partition, seed: seed, limits: limits)
      let influence = try made.influence(
        scoredBy: TableScorer(randomGame(owners.count, seed: seed)))
      let table = try CoalitionValues(
        influence.table.map(\.coalition), influence.table.map(\.value))
      let found = AttributionPlan(
        partition: partition, seed: seed, scored: table, isExact: made.isExact)
      #expect(found.coalitions == made.coalitions)
      #expect(try found.influence(from: table) == influence)
    }
  }

  @Test func `five contributors whose orders met all coalitions are told by their errors`() throws {
    // 16 pairs of orders of five often meet all 32 coalitions: only the errors tell the two apart.
    let partition = Partition(contributorOfDocument: [0, 1, 2, 3, 4])
    let seed = try #require(
      (UInt64(1)...20).first {
        AttributionPlan(partition: partition, seed: $0, limits: Self.earlier).coalitions.count == 32
      })
    let every = try CoalitionValues(randomGame(5, seed: 1).values)
    let sampled = AttributionPlan(partition: partition, seed: seed, scored: every, isExact: false)
    let exact = AttributionPlan(partition: partition, seed: seed, scored: every, isExact: true)
    #expect(sampled.limits == Self.earlier && !sampled.isExact)
    #expect(exact.limits == AttributionPlan.Limits() && exact.isExact)
  }

  @Test func `up to six contributors are exact`() {
    for players in 0...7 {
      let plan = AttributionPlan(
        partition: Partition(contributorOfDocument: Array(0..<players)), seed: 0)
      #expect(plan.isExact == (players <= 6))
      #expect(players > 6 || plan.coalitions.count == 1 << players)
    }
  }

  @Test func `a table that no plan scores is measured against the latest`() throws {
    let partition = Partition(contributorOfDocument: [0, 1])
    let values = try CoalitionValues([.nobody: -5])
    let plan = AttributionPlan(partition: partition, seed: 0, scored: values, isExact: true)
    #expect(plan.limits == AttributionPlan.Limits())
    #expect(throws: GameError.missing(Coalition([0]))) { try plan.influence(from: values) }
  }

  /// Frozen with the code that made these traces.
  @Test func `orders drawn for earlier traces stay what they were`() throws {
    let plan = AttributionPlan(
      partition: Partition(contributorOfDocument: [0, 1, 2, 2, 3, 4, 5, 6]), seed: 2026,
      limits: Self.earlier)
    let influence = try plan.influence(scoredBy: TableScorer(randomGame(8, seed: 7)))
    #expect(fingerprint(plan.coalitions.map(\.bits)) == 0xA105_BC12_2F02_4D25)
    #expect(
      fingerprint(influence.documents.map { UInt64(bitPattern: $0.owen) }) == 0xC640_2427_E72B_93F1)
    #expect(
      fingerprint(influence.documents.map { ($0.standardError ?? -1).bitPattern })
        == 0x53EE_725A_7D40_0591)
  }
}
