/// Which coalitions have to be scored, decided before the first one is.
///
/// Up to `Limits.exactPlayers` contributors: every coalition of contributors, so that their Shapley
/// values are exact, and for each contributor either every coalition that its documents' Owen
/// values need or, where those are more than `Limits.documentCoalitions`, sampled turns. With more
/// contributors: complementary pairs of coalitions for them (`LeverageSample`), and sampled turns
/// within each one that has several documents. A plan is a pure function of its arguments, so
/// whoever holds a trace can draw the same one again.
package struct AttributionPlan: Sendable {
  /// How the documents of one contributor are valued, when all contributor coalitions are known.
  enum DocumentMethod: Equatable {
    case exact
    /// Every coalition of the others with orders of the documents, as in earlier traces.
    case orders([OrderPair])
    case turns([TurnPair])
  }

  enum Method {
    case exact([DocumentMethod])
    case orders([OrderPair])
    /// The contributors' coalitions and, for each contributor, the turns of its documents.
    case leverage(LeverageSample, [[TurnPair]])
  }

  package let partition: Partition
  package let limits: Limits
  package let seed: UInt64
  /// Every coalition of documents that the plan needs, ascending, each once.
  package let coalitions: [Coalition]
  let method: Method

  package init(partition: Partition, seed: UInt64, limits: Limits = Limits()) {
    self.partition = partition
    self.limits = limits
    self.seed = seed
    var generator = SplitMix64(seed: seed)
    if partition.contributors <= limits.exactPlayers {
      method = .exact(
        Self.documentMethods(partition: partition, limits: limits, generator: &generator))
    } else {
      method = Self.sampledMethod(partition: partition, limits: limits, generator: &generator)
    }
    coalitions = Self.needed(method, partition: partition).sorted()
  }

  package var isExact: Bool {
    if case .exact = method { true } else { false }
  }

  private static func documentMethods(
    partition: Partition, limits: Limits, generator: inout SplitMix64
  ) -> [DocumentMethod] {
    let isExact = limits.exactDocuments(of: partition)
    return partition.unions.indices.map { contributor in
      if isExact[contributor] { return .exact }
      switch limits.sampling {
      case .orders:
        let documents = partition.unions[contributor].members
        return .orders(
          (0..<limits.documentPairs).map { _ in
            OrderPair(forward: generator.order(of: documents.count).map { documents[$0] })
          })
      case .leverage:
        return .turns(
          (0..<limits.documentPairs).map { _ in
            TurnPair(of: contributor, partition: partition, generator: &generator)
          })
      }
    }
  }

  private static func sampledMethod(
    partition: Partition, limits: Limits, generator: inout SplitMix64
  ) -> Method {
    switch limits.sampling {
    case .orders:
      return .orders(
        (0..<limits.pairs).map { _ in OrderPair(twoLevel: partition, generator: &generator) })
    case .leverage:
      let sample = LeverageSample(
        players: partition.contributors, pairs: limits.pairs * (partition.contributors - 1),
        generator: &generator)
      let turns = partition.unions.indices.map { contributor in
        partition.unions[contributor].count == 1
          ? []
          : (0..<limits.pairs).map { _ in
            TurnPair(of: contributor, partition: partition, generator: &generator)
          }
      }
      return .leverage(sample, turns)
    }
  }

  private static func needed(_ method: Method, partition: Partition) -> Set<Coalition> {
    var needed: Set<Coalition> = [.nobody, partition.everyDocument]
    switch method {
    case .exact(let methods):
      for (union, method) in zip(partition.unions, methods) {
        for others in partition.coalitions(without: union) {
          needed.formUnion(method.prefixes(of: union).map { others.union($0) })
        }
        if case .turns(let turns) = method {
          for turn in turns { needed.formUnion(turn.growths.joined()) }
        }
      }
      return needed
    case .orders(let pairs):
      for pair in pairs {
        for order in pair.orders { needed.formUnion(prefixes(of: order)) }
      }
    case .leverage(let sample, let turns):
      needed.formUnion(sample.coalitions.map { partition.documents(of: $0) })
      for turn in turns.joined() { needed.formUnion(turn.growths.joined()) }
    }
    for union in partition.unions {
      needed.insert(union)
      needed.insert(partition.everyDocument.subtracting(union))
    }
    return needed
  }
}

extension AttributionPlan.DocumentMethod {
  /// The subsets of `union` that this method looks at beside every coalition of the others, nobody and
  /// the whole union included.
  func prefixes(of union: Coalition) -> [Coalition] {
    switch self {
    case .exact: union.subsets
    case .turns: [.nobody, union]
    case .orders(let pairs):
      pairs.flatMap { $0.orders.flatMap { Attribution.prefixes(of: $0) } }
    }
  }
}

extension Partition {
  /// The documents of every coalition of the contributors other than `union`.
  func coalitions(without union: Coalition) -> [Coalition] {
    let others = Coalition(unions.indices.filter { unions[$0] != union })
    return others.subsets.map { documents(of: $0) }
  }
}
