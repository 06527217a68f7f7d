import Testing

@testable import Inference

@Suite struct SamplerTests {
  let logits: [Float] = [1, 3, 2, 3, -1]

  @Test func greedyTakesTheFirstOfTheLargest() {
    var sampler = Sampler.greedy
    #expect(sampler.sample(logits.span) == 1)
  }

  @Test func theSameSeedGivesTheSameTokensAndAnotherSeedOthers() {
    func tokens(_ seed: UInt64) -> [Int32] {
      var sampler = Sampler(temperature: 1.5, seed: seed)
      return (0..<40).map { _ in sampler.sample(logits.span) }
    }
    #expect(tokens(7) == tokens(7))
    #expect(tokens(7) != tokens(8))
  }

  @Test func randomNumbersEqualThePublishedGenerator() {
    // SplitMix64 from seed 0 begins with these words (Vigna's reference), and xoshiro256** with
    // that state gives rotl(word1 * 5, 7) * 9 first.
    var random = RandomNumbers(seed: 0)
    let second: UInt64 = 0x6E78_9E6A_A1B9_65F4
    let product = second &* 5
    #expect(random.next() == ((product << 7) | (product >> 57)) &* 9)
  }

  @Test func frequenciesFollowTheProbabilities() {
    var sampler = Sampler(temperature: 1, seed: 1)
    var counts = [0, 0]
    let pair: [Float] = [0, 1.0986123]  // probabilities 1/4 and 3/4
    for _ in 0..<20_000 { counts[Int(sampler.sample(pair.span))] += 1 }
    // Standard deviation of the count is 61.
    #expect(abs(counts[1] - 15_000) < 300)
  }

  @Test func topKKeepsTheMostLikely() {
    var sampler = Sampler(temperature: 10, topK: 2, seed: 3)
    let drawn = Set((0..<200).map { _ in sampler.sample(logits.span) })
    #expect(drawn == [1, 3])
  }

  @Test func topPKeepsTheSmallestSetThatReachesIt() {
    // Probabilities at temperature 1: .409 .409 .151 .055 (tokens 1 3 2 0) and .007.
    var sampler = Sampler(temperature: 1, topP: 0.9, seed: 3)
    let drawn = Set((0..<500).map { _ in sampler.sample(logits.span) })
    #expect(drawn == [1, 3, 2])
  }

  @Test func minPDropsWhatIsFarLessLikelyThanTheBest() {
    var sampler = Sampler(temperature: 1, minP: 0.3, seed: 3)
    let drawn = Set((0..<500).map { _ in sampler.sample(logits.span) })
    #expect(drawn == [1, 3, 2])
  }

  @Test func repeatPenaltyMakesRecentTokensLessLikely() {
    var sampler = Sampler(repeatPenalty: 2, repeatWindow: 2)
    #expect(sampler.sample(logits.span, history: [1]) == 3)
    #expect(sampler.sample(logits.span, history: [1, 3]) == 2)
    #expect(sampler.sample(logits.span, history: [1, 3, 0]) == 1)
  }

  @Test func `the largest logit is found wherever it is, the first of equals, never a NaN`() {
    func largest(_ values: [Float]) -> Int { Sampler.largest(values.span) }
    for count in [1, 2, 15, 16, 17, 33, 100] {
      for place in 0..<count {
        var values = (0..<count).map { -Float($0 % 7) - 3 }
        values[place] = -2
        #expect(largest(values) == place)
        values[count - 1] = -2
        #expect(largest(values) == place)
        values = values.map { $0 == -2 ? $0 : .nan }
        #expect(largest(values) == place)
      }
    }
    #expect(largest([-.infinity, -.infinity]) == 0)
    #expect(largest([.nan, -.infinity]) == 1)
    #expect(largest([.nan, .nan]) == 0)
    #expect(largest([1, .infinity, .infinity]) == 1)
  }
}
