import Testing

@testable import Attribution

@Suite struct SplitMix64Tests {
  /// The reference outputs of Vigna's splitmix64.c for seed 1234567.
  @Test func `the stream is the published one`() {
    var generator = SplitMix64(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  @Test func `orders are permutations and every one of them comes up`() {
    var generator = SplitMix64(seed: 3)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 { counts[generator.order(of: 3), default: 0] += 1 }
    #expect(counts.keys.allSatisfy { $0.sorted() == [0, 1, 2] })
    #expect(counts.count == 6)
    // 1000 expected of each; 5 standard deviations are 144.
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 145 })
  }
}
