import Testing

@testable import Attribution

@Suite struct AttributionPlanTests {
  @Test func `documents of a unanimity game share what their contributor earns`() throws {
    // All three documents are needed; 0 and 1 belong to one contributor. Owen: 1/4, 1/4, 1/2.
    let unanimity = try game(3) { $0.count == 3 ? 0 : -4 }
    let plan = AttributionPlan(partition: Partition(contributorOfDocument: [0, 0, 1]), seed: 1)
    let influence = try plan.influence(scoredBy: TableScorer(unanimity))
    #expect(influence.contributors.map(\.shapley) == [2, 2])
    #expect(influence.documents.map(\.owen) == [1, 1, 2])
    #expect(influence.shares(isRefusal: false).ppm == [500_000, 500_000])
    #expect(influence.shares(isRefusal: true).ppm == [0, 0])
    #expect(influence.shares(isRefusal: true).ownKnowledgePPM == 1_000_000)
  }

  @Test(arguments: UInt64(1)...12)
  func `Owen values equal the average over two-level orders`(seed: UInt64) throws {
    let owners = [[0, 0, 1, 2, 2, 2], [0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0]][Int(seed % 3)]
    let partition = Partition(contributorOfDocument: owners)
    let random = try randomGame(6, seed: seed)
    let plan = AttributionPlan(partition: partition, seed: seed)
    let values = try CoalitionValues(random.values)
    guard case .exact(let methods) = plan.method else { throw GameError.tooFewPairs(0) }
    let shapley = try values.game(of: partition).shapley()
    #expect(methods.allSatisfy { $0 == .exact })
    for (contributor, union) in partition.unions.enumerated() {
      let owen = try plan.documentValues(
        of: contributor, method: methods[contributor], shapley: shapley, values: values)
      #expect(owen.standardErrors == nil)
      #expect(
        owen.values == bruteForceOwen(of: union, random, partition))
      #expect(
        owen.values.numeratorSum * shapley.denominator
          == shapley.numerators[contributor] * owen.values.denominator)
    }
  }

  private func bruteForceOwen(
    of union: Coalition, _ game: Game, _ partition: Partition
  ) -> ExactValues {
    var sums: [Int: Int128] = [:]
    for outer in orders(of: Array(partition.unions.indices)) {
      let before = outer.prefix { partition.unions[$0] != union }
      for inner in orders(of: union.members) {
        var grown = partition.documents(of: Coalition(before))
        for document in inner {
          sums[document, default: 0] += Int128(game[grown.adding(document)] - game[grown])
          grown = grown.adding(document)
        }
      }
    }
    return ExactValues(
      numerators: union.members.map { sums[$0] ?? 0 },
      denominator: factorial(partition.contributors) * factorial(union.count))
  }

  @Test(arguments: [AttributionPlan.Sampling.orders, .leverage])
  func `sampled documents still sum to the exact value of their contributor`(
    sampling: AttributionPlan.Sampling
  ) throws {
    let partition = Partition(contributorOfDocument: [0, 0, 0, 0, 0, 0, 1, 2])
    let limits = AttributionPlan.Limits(
      documentCoalitions: 16, documentPairs: 3, sampling: sampling, smallestPart: nil)
    for seed in UInt64(1)...10 {
      let random = try randomGame(8, seed: seed)
      let plan = AttributionPlan(partition: partition, seed: seed, limits: limits)
      let influence = try plan.influence(scoredBy: TableScorer(random))
      let values = try CoalitionValues(random.values)
      #expect(
        influence.contributors.map(\.shapley)
          == (try values.game(of: partition).shapley().rounded(to: random.gain)))
      #expect(
        influence.documents.prefix(6).map(\.owen).reduce(0, +) == influence.contributors[0].shapley)
      #expect(influence.documents[0].standardError != nil)
      #expect(influence.documents[7].standardError == nil)
      #expect(influence.contributors.allSatisfy { $0.standardError == nil })
    }
  }

  @Test func `documents are exact as far as the coalitions for all of them reach`() throws {
    func methods(_ owners: [Int]) -> [String] {
      let plan = AttributionPlan(partition: Partition(contributorOfDocument: owners), seed: 1)
      guard case .exact(let methods) = plan.method else { return [] }
      return methods.map { $0 == .exact ? "exact" : "turns" }
    }
    // 16 each of 64; 32 each; 64 each.
    #expect(methods([0, 0, 1, 1, 2, 2, 3, 3]) == ["exact", "exact", "exact", "exact"])
    #expect(methods([0, 0, 1, 1, 2, 2, 3, 4]) == ["exact", "exact", "turns", "exact", "exact"])
    #expect(
      methods([0, 0, 1, 1, 2, 3, 4, 5]) == ["exact", "turns", "exact", "exact", "exact", "exact"])
    let plan = AttributionPlan(
      partition: Partition(contributorOfDocument: [0, 0, 1, 1, 2, 3, 4, 5]), seed: 1)
    let scorer = TableScorer(try GameKind.additive.game(8, seed: 1))
    _ = try plan.influence(scoredBy: scorer)
    #expect(plan.coalitions.count == 64)
    #expect(scorer.asked.count <= 64 + 64 + 8)
  }

  @Test func `sampled turns are exact where only two documents interact`() throws {
    let partition = Partition(contributorOfDocument: [0, 0, 1, 1, 1, 2, 3, 4, 5])
    for seed in UInt64(1)...10 {
      let scorer = TableScorer(try GameKind.pairwise.game(9, seed: seed))
      func documents(_ limits: AttributionPlan.Limits) throws -> [Influence.Document] {
        try AttributionPlan(partition: partition, seed: seed, limits: limits)
          .influence(scoredBy: scorer).documents
      }
      let exact = try documents(.init(documentCoalitions: 1 << 12, smallestPart: nil))
      let sampled = try documents(.init(documentCoalitions: 0, documentPairs: 2, smallestPart: nil))
      #expect(sampled.map(\.owen) == exact.map(\.owen))
      #expect(sampled.allSatisfy { ($0.standardError ?? 0) == 0 })
    }
  }

  @Test func `a plan asks for each coalition once and for no other`() throws {
    let partition = Partition(contributorOfDocument: [0, 1, 1, 2, 3])
    let plan = AttributionPlan(
      partition: partition, seed: 0, limits: AttributionPlan.Limits(smallestPart: nil))
    // 16 coalitions of contributors; {1} alone and {2} alone beside each of 8 coalitions of others.
    #expect(plan.coalitions.count == 32)
    let scorer = TableScorer(try randomGame(5, seed: 5))
    _ = try plan.influence(scoredBy: scorer)
    #expect(scorer.asked == plan.coalitions)
    #expect(plan.coalitions == plan.coalitions.sorted())
  }

  @Test func `documents are told apart where their contributor matters`() throws {
    // Contributor 1 brings everything, contributor 2 a hundredth of it, contributor 0 takes away.
    let worth: [MicroNats] = [-500, -501, 4000, 6001, 49, 52]
    let partition = Partition(contributorOfDocument: [0, 0, 1, 1, 2, 2])
    let additive = try game(6) { $0.members.reduce(-20_000) { $0 + worth[$1] } }
    let plan = AttributionPlan(partition: partition, seed: 0)
    let scorer = TableScorer(additive)
    let influence = try plan.influence(scoredBy: scorer)
    #expect(plan.coalitions.count == 8)
    // Each of its two documents alone beside four coalitions of the others.
    #expect(scorer.asked.count == 16 && Set(scorer.asked).count == 16)
    #expect(influence.table.map(\.coalition) == scorer.asked.sorted())
    #expect(influence.documents.map(\.owen) == [-500, -501, 4000, 6001, 51, 50])
    #expect(influence.contributors.map(\.shapley) == [-1001, 10_001, 101])

    let all = AttributionPlan.Limits(smallestPart: nil)
    let apart = try AttributionPlan(partition: partition, seed: 0, limits: all)
      .influence(scoredBy: scorer)
    #expect(apart.documents.map(\.owen) == worth)
    #expect(apart.contributors == influence.contributors)
  }

  @Test func `a missing coalition of documents is named`() throws {
    let partition = Partition(contributorOfDocument: [0, 0])
    for pairs in [64, 0] {
      let plan = AttributionPlan(
        partition: partition, seed: 0, limits: AttributionPlan.Limits(documentCoalitions: pairs))
      let values = try CoalitionValues([.nobody: -5, .everyone(2): -1])
      #expect(throws: GameError.missing(Coalition([0]))) { try plan.influence(from: values) }
    }
  }

  @Test func `nobody asked means that nobody is paid`() throws {
    let plan = AttributionPlan(partition: Partition(contributorOfDocument: []), seed: 0)
    let influence = try plan.influence(from: CoalitionValues([.nobody: -5]))
    #expect(influence.contributors.isEmpty && influence.documents.isEmpty)
    #expect(influence.shares(isRefusal: false).ownKnowledgePPM == 1_000_000)
  }

  @Test func `a missing coalition is named`() throws {
    let plan = AttributionPlan(partition: Partition(contributorOfDocument: [0]), seed: 0)
    #expect(throws: GameError.missing(Coalition([0]))) {
      try plan.influence(from: CoalitionValues([.nobody: -5]))
    }
  }

  @Test func `a scorer that returns too few values is refused`() throws {
    #expect(throws: GameError.wrongAnswerCount(found: 1, expected: 2)) {
      try CoalitionValues([.nobody, Coalition([0])], [1])
    }
  }
}
