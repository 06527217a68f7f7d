import Testing

@testable import AttributionMethods

@Suite struct RankCorrelationTests {
  @Test func `equal values share the mean of their ranks`() {
    #expect(RankCorrelation.ranks(of: [5, 1, 5, 0, 5]) == [4, 2, 4, 1, 4])
    #expect(RankCorrelation.ranks(of: [2, 2]) == [1.5, 1.5])
    #expect(RankCorrelation.ranks(of: []) == [])
  }

  @Test func `ties count as SciPy counts them`() throws {
    let found = try #require(
      RankCorrelation.spearman([1, 2, 2, 3, 5, 5, 5, 8], [3, 1, 4, 4, 2, 9, 9, 7]))
    #expect(isNear(found, 0.56531554109761))
  }

  @Test func `only the order of values counts`() throws {
    let values = [0.3, -2, 7, 1, 4]
    let same = try #require(RankCorrelation.spearman(values, values.map { $0 * $0 * $0 }))
    let opposite = try #require(RankCorrelation.spearman(values, values.map { -$0 }))
    #expect(isNear(same, 1))
    #expect(isNear(opposite, -1))
  }

  @Test func `a constant list has no correlation`() {
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(RankCorrelation.spearman([1, 2, 3], [4, 4, 4]) == nil)
    #expect(RankCorrelation.spearman([], []) == nil)
  }
}
