import Testing

@testable import Attribution

@Suite struct LeverageSampleTests {
  private func sample(_ players: Int, pairs: Int, seed: UInt64 = 1) -> LeverageSample {
    var generator = SplitMix64(seed: seed)
    return LeverageSample(players: players, pairs: pairs, generator: &generator)
  }

  @Test func `every size gets the same number of coalitions and small ones are taken whole`() {
    // 12 + 66 + 220 + 495 + 792 + 462 pairs; 12 singles are fixed, 88 - 12 = 76 are shared by
    // 2 : 2 : 2 : 2 : 1, what is left over going to the smaller sizes.
    let drawn = sample(12, pairs: 88).strata
    #expect(drawn.map(\.coalitions.count) == [12, 17, 17, 17, 17, 8])
    #expect(drawn.map(\.population) == [12, 66, 220, 495, 792, 462])
    #expect(drawn.map(\.isComplete) == [true, false, false, false, false, false])
    #expect(sample(8, pairs: 112).strata.map(\.coalitions.count) == [8, 28, 51, 25])
  }

  @Test func `no pair is drawn twice and all coalitions have the size of their stratum`() {
    for seed in UInt64(1)...20 {
      let drawn = sample(9, pairs: 100, seed: seed)
      #expect(Set(drawn.coalitions).count == drawn.coalitions.count)
      for stratum in drawn.strata {
        #expect(stratum.coalitions.allSatisfy { $0.count == stratum.size })
        #expect(stratum.coalitions == stratum.coalitions.sorted())
      }
    }
  }

  @Test func `with enough pairs every coalition is there once`() {
    for players in 2...9 {
      let drawn = sample(players, pairs: 1 << players)
      #expect(drawn.coalitions.count == (1 << players) - 2)
      #expect(Set(drawn.coalitions).count == drawn.coalitions.count)
      #expect(drawn.strata.allSatisfy { $0.isComplete })
    }
  }

  @Test func `sixty-four players can be sampled`() {
    let drawn = sample(64, pairs: 504)
    #expect(drawn.strata.count == 32)
    #expect(drawn.strata[0].isComplete && !drawn.strata[1].isComplete)
    #expect(drawn.strata[31].population == 916_312_070_471_295_267)
    #expect(drawn.strata[31].coalitions.allSatisfy { $0.count == 32 && $0.contains(0) })
    #expect(drawn.strata.reduce(0) { $0 + $1.coalitions.count } == 504)
  }

  @Test func `every pair of a size is as likely as any other`() {
    // 28 pairs of two players, 9 drawn each time: 500 times 9/28 expected; 5 deviations are 52.
    var counts: [Coalition: Int] = [:]
    for seed in UInt64(1)...500 {
      let drawn = sample(8, pairs: 30, seed: seed).strata[1]
      #expect(drawn.coalitions.count == 9)
      for coalition in drawn.coalitions { counts[coalition, default: 0] += 1 }
    }
    #expect(counts.count == 28)
    #expect(counts.values.allSatisfy { abs(Double($0) - 160.7) < 52 })
  }

  @Test func `extreme values of strangers do not overflow`() throws {
    let owners = Array(0..<64)
    let plan = AttributionPlan(partition: Partition(contributorOfDocument: owners), seed: 1)
    let values = plan.coalitions.map {
      $0.count % 2 == 0 ? -Game.maximumMagnitude : Game.maximumMagnitude
    }
    let influence = try plan.influence(from: CoalitionValues(plan.coalitions, values))
    #expect(influence.contributors.map(\.shapley).reduce(0, +) == 0)
    #expect(influence.contributors.allSatisfy { ($0.standardError ?? .nan).isFinite })
  }

  /// Traces are replayed on other machines and by later versions: this may not change.
  @Test func `values and errors have the same bits everywhere`() throws {
    let plan = AttributionPlan(
      partition: Partition(contributorOfDocument: [0, 1, 2, 2, 3, 4, 5, 6, 7]), seed: 2026,
      limits: AttributionPlan.Limits(smallestPart: nil))
    let influence = try plan.influence(scoredBy: TableScorer(randomGame(9, seed: 7)))
    #expect(fingerprint(plan.coalitions.map(\.bits)) == 0xFDE9_99C0_14C2_4FC1)
    #expect(
      fingerprint(influence.documents.map { UInt64(bitPattern: $0.owen) }) == 0x0CEE_610B_481E_74C6)
    #expect(
      fingerprint(influence.documents.map { ($0.standardError ?? -1).bitPattern })
        == 0xA2A1_B8F2_F17E_E6AF)
  }
}

/// FNV-1a over 64-bit words, to freeze a long list in one number.
func fingerprint(_ words: [UInt64]) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for word in words {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      hash = (hash ^ (word >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }
  return hash
}
