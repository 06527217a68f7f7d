import Testing

@testable import Attribution

@Suite struct CoalitionTests {
  @Test func `subsets are all subsets, each once, ascending`() {
    let coalition = Coalition([1, 3, 63])
    let subsets = coalition.subsets
    #expect(subsets.count == 8)
    #expect(subsets == subsets.sorted())
    #expect(Set(subsets).count == 8)
    #expect(subsets.allSatisfy { $0.isSubset(of: coalition) })
    #expect(Coalition.nobody.subsets == [.nobody])
  }

  @Test func `everyone may be sixty-four players`() {
    #expect(Coalition.everyone(64).count == 64)
    #expect(Coalition.everyone(0) == .nobody)
    #expect(Coalition.everyone(3).members == [0, 1, 2])
  }

  @Test func `adding and removing touch one player`() {
    let coalition = Coalition([0, 2])
    #expect(coalition.adding(1).members == [0, 1, 2])
    #expect(coalition.removing(2).members == [0])
    #expect(coalition.removing(1) == coalition)
    #expect("\(coalition)" == "{0,2}")
  }
}
