import Testing

@testable import Answering

@Suite struct LabelDistributionTests {
  private let flat = [Double](repeating: -4, count: 41)

  @Test func `probabilities sum to one, with and without quoted labels`() {
    let distribution = LabelDistribution(
      reader: flat, terms: [3: 2_000_000, 9: -500_000], noneTerm: 250_000)
    for quoted in [[], [3], [3, 9, 40]] {
      let sum = distribution.logProbabilities(without: quoted).reduce(0.0) { $0 + exp($1) }
      #expect(abs(sum - 1) < 1e-12)
    }
  }

  private func exp(_ x: Double) -> Double {
    // Taylor series: the tests depend on no mathematics library either.
    guard x > -60 else { return 0 }
    return (1...200).reduce((sum: 1.0, term: 1.0)) { state, n in
      let term = state.term * x / Double(n)
      return (state.sum + term, term)
    }.sum
  }

  @Test func `a term moves a label by exactly itself`() {
    let logs = LabelDistribution(reader: flat, terms: [7: 3_000_000], noneTerm: 0)
      .logProbabilities()
    #expect(abs(logs[6] - logs[5] - 3) < 1e-12)
  }

  @Test func `the most probable present label is chosen, however probable an absent one is`() {
    var reader = flat
    reader[0] = 0
    let distribution = LabelDistribution(reader: reader, terms: [5: 2_000_000], noneTerm: 0)
    #expect(
      distribution.choices(present: [4, 5], furtherThreshold: 0.3, limit: 3) == [.sentence(5)])
  }

  @Test func `none is chosen where it is more probable than every present label`() {
    let distribution = LabelDistribution(reader: flat, terms: [:], noneTerm: 1)
    #expect(distribution.choices(present: [1], furtherThreshold: 0, limit: 3) == [.none])
    #expect(distribution.choices(present: [], furtherThreshold: 0, limit: 3) == [.none])
  }

  @Test func `equals are settled by the lower label, and none comes last`() {
    let distribution = LabelDistribution(reader: flat, terms: [:], noneTerm: 0)
    #expect(
      distribution.choices(present: [9, 2], furtherThreshold: 1, limit: 3) == [.sentence(2)])
  }

  @Test func `further sentences are those probable enough, at most the limit`() {
    let terms =
      [1: 9_000_000, 2: 8_900_000, 3: 8_800_000, 4: 8_700_000, 5: 1_000_000] as [Int: Int64]
    let distribution = LabelDistribution(reader: flat, terms: terms, noneTerm: 0)
    #expect(
      distribution.choices(present: [1, 2, 3, 4, 5], furtherThreshold: 0.2, limit: 3)
        == [.sentence(1), .sentence(2), .sentence(3)])
    #expect(
      distribution.choices(present: [1, 5], furtherThreshold: 0.2, limit: 3) == [.sentence(1)])
  }
}
