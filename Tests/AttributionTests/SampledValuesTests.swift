import Testing

@testable import Attribution

@Suite struct SampledValuesTests {
  typealias Sampling = AttributionPlan.Sampling
  static let samplings = [Sampling.orders, .leverage]

  private func plan(
    _ owners: [Int], seed: UInt64, pairs: Int = 8, _ sampling: Sampling = .leverage
  ) -> AttributionPlan {
    AttributionPlan(
      partition: Partition(contributorOfDocument: owners), seed: seed,
      limits: AttributionPlan.Limits(
        exactPlayers: 0, pairs: pairs, sampling: sampling, smallestPart: nil))
  }

  @Test(arguments: samplings)
  func `the same seed draws the same coalitions and another seed others`(
    sampling: Sampling
  ) throws {
    let owners = [0, 1, 2, 3, 4, 5, 6]
    let random = TableScorer(try randomGame(7, seed: 1))
    func influence(seed: UInt64) throws -> Influence {
      try plan(owners, seed: seed, pairs: 4, sampling).influence(scoredBy: random)
    }
    #expect(try influence(seed: 9) == influence(seed: 9))
    #expect(try influence(seed: 9) != influence(seed: 10))
  }

  @Test(arguments: samplings)
  func `sampled values sum to the gain to the last bit`(sampling: Sampling) throws {
    let owners = [0, 1, 1, 2, 3, 4, 4, 5, 4]
    for seed in UInt64(1)...10 {
      let random = try randomGame(9, seed: seed)
      let influence = try plan(owners, seed: seed, pairs: 3, sampling).influence(
        scoredBy: TableScorer(random))
      #expect(!influence.isExact)
      #expect(influence.contributors.map(\.shapley).reduce(0, +) == random.gain)
      for contributor in 0...5 {
        let documents = influence.documents.filter { $0.contributor == contributor }
        #expect(
          documents.map(\.owen).reduce(0, +) == influence.contributors[contributor].shapley)
      }
      let shares = influence.shares(isRefusal: false)
      #expect(shares.ppm.reduce(shares.ownKnowledgePPM, +) == 1_000_000)
    }
  }

  @Test(arguments: 0...5)
  func `few contributors can be sampled as well, and one or two leave nothing to chance`(
    players: Int
  ) throws {
    let random = try randomGame(players, seed: UInt64(players) + 40)
    let influence = try plan(Array(0..<players), seed: 1).influence(scoredBy: TableScorer(random))
    // 8 (m - 1) pairs are all there are up to 5 players.
    #expect(influence.contributors.map(\.shapley) == random.shapley().rounded(to: random.gain))
    #expect(influence.contributors.allSatisfy { ($0.standardError ?? 0) == 0 })
  }

  @Test func `leave-one-out and solo are exact beside sampled values`() throws {
    let random = try randomGame(6, seed: 3)
    for sampling in Self.samplings {
      let influence = try plan([0, 1, 2, 3, 4, 5], seed: 3, pairs: 2, sampling).influence(
        scoredBy: TableScorer(random))
      #expect(influence.contributors.map(\.leaveOneOut) == random.leaveOneOut())
      #expect(influence.contributors.map(\.solo) == random.solo())
      #expect(influence.contributors.allSatisfy { $0.banzhaf == nil })
    }
  }

  @Test(arguments: samplings)
  func `pairs are exact to the last unit where only two players interact`(
    sampling: Sampling
  ) throws {
    for seed in UInt64(1)...10 {
      let pairwise = try GameKind.pairwise.game(9, seed: seed)
      let influence = try plan(Array(0..<9), seed: seed, pairs: 2, sampling).influence(
        scoredBy: TableScorer(pairwise))
      #expect(
        influence.contributors.map(\.shapley) == pairwise.shapley().rounded(to: pairwise.gain))
      #expect(influence.contributors.allSatisfy { $0.standardError == 0 })
      let documents = plan([0, 0, 1, 1, 1, 2, 3, 4, 5], seed: seed, pairs: 2, sampling)
      let grouped = try documents.influence(scoredBy: TableScorer(pairwise))
      // Where no three interact, the order of arrival between groups is without effect.
      for (owen, shapley) in zip(grouped.documents, pairwise.shapley().doubles) {
        #expect(abs(Double(owen.owen) - shapley) <= 1 && owen.standardError == 0)
      }
    }
  }

  /// 95 % lie within 1.96 errors, or 2.131 of the 15 degrees of freedom that 16 pairs of orders have.
  ///
  /// Players of one game are not independent, hence the allowance of 2.5 points.
  @Test(arguments: [GameKind.groups, .shared, .unrelated], samplings)
  func `the stated error covers the exact value at its stated rate`(
    kind: GameKind, sampling: Sampling
  ) throws {
    let (pairs, within) = sampling == .orders ? (16, 2.131) : (8, 1.96)
    var covered = 0
    var total = 0
    for (players, games) in [(7, 60), (8, 60), (10, 20)] {
      for seed in UInt64(1)...UInt64(games) {
        let game = try kind.game(players, seed: 1000 * UInt64(players) + seed)
        let exact = game.shapley().doubles
        let influence = try plan(Array(0..<players), seed: seed, pairs: pairs, sampling)
          .influence(scoredBy: TableScorer(game))
        for (player, value) in influence.contributors.enumerated() {
          total += 1
          let error = abs(Double(value.shapley) - exact[player])
          if error <= within * (value.standardError ?? 0) + 1 { covered += 1 }
        }
      }
    }
    let rate = Double(covered) / Double(total)
    #expect(rate > 0.925, "covered \(rate)")
    #expect(rate < 0.975, "covered \(rate): the stated error is too large")
  }

  /// The interval of 8 turns is 2.365 errors wide; documents of one contributor mirror each other.
  @Test func `the stated error of documents covers their exact values`() throws {
    let owners = [0, 1, 1, 1, 2, 3, 4, 4, 5]
    let partition = Partition(contributorOfDocument: owners)
    let whole = AttributionPlan.Limits(
      exactPlayers: 6, documentCoalitions: 1 << 12, smallestPart: nil)
    var covered = 0
    var total = 0
    for seed in UInt64(1)...80 {
      let scorer = TableScorer(try GameKind.groups.game(9, seed: seed))
      let exact = try AttributionPlan(partition: partition, seed: 0, limits: whole)
        .influence(scoredBy: scorer)
      let sampled = try plan(owners, seed: seed, pairs: 8).influence(scoredBy: scorer)
      for document in [1, 2, 3, 6, 7] {
        let error = Double(sampled.documents[document].owen - exact.documents[document].owen)
        total += 1
        let stated = try #require(sampled.documents[document].standardError)
        if abs(error) <= 2.365 * stated + 1 { covered += 1 }
      }
    }
    let rate = Double(covered) / Double(total)
    #expect(rate > 0.92 && rate < 0.985, "covered \(rate)")
  }

  @Test(arguments: [GameKind.groups, .shared, .unrelated])
  func `leverage sampling errs less than orders that score more coalitions`(
    kind: GameKind
  ) throws {
    var errors: [Sampling: Double] = [:]
    var coalitions: [Sampling: Int] = [:]
    for seed in UInt64(1)...60 {
      let game = try kind.game(8, seed: 77 * seed)
      let exact = game.shapley().doubles
      for (sampling, pairs) in [(Sampling.orders, 16), (.leverage, 8)] {
        let plan = plan(Array(0..<8), seed: seed, pairs: pairs, sampling)
        coalitions[sampling, default: 0] += plan.coalitions.count
        let values = try plan.influence(scoredBy: TableScorer(game)).contributors
        for (value, exact) in zip(values, exact) {
          let error = Double(value.shapley) - exact
          errors[sampling, default: 0] += error * error
        }
      }
    }
    let (orders, leverage) = (errors[.orders] ?? 0, errors[.leverage] ?? 0)
    #expect(coalitions[.leverage] ?? 0 <= coalitions[.orders] ?? 0)
    #expect(leverage < orders / 2, "\(leverage) and \(orders)")
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
