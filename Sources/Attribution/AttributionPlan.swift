/// Which coalitions have to be scored: first those that value the contributors, then those that tell
/// the documents of the contributors that matter apart.
///
/// Up to `Limits.exactPlayers` contributors: every coalition of contributors, so that their Shapley
/// values are exact, and for each contributor either every coalition that its documents' Owen
/// values need or, where those are more than `Limits.documentCoalitions`, sampled turns. With more
/// contributors: complementary pairs of coalitions for them (`LeverageSample`), and sampled turns
/// within each one that has several documents. A plan is a pure function of its arguments, and what it
/// asks for in the end one of them and of the values, so whoever holds a trace can draw the same again.
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
  /// Every coalition of documents that is scored first, ascending, each once.
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
    var needed = Self.needed(method, partition: partition)
    if limits.smallestPart == nil {
      for contributor in partition.unions.indices {
        needed.formUnion(Self.documents(of: contributor, method, partition: partition))
      }
    }
    coalitions = needed.sorted()
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

  /// What values the contributors.
  private static func needed(_ method: Method, partition: Partition) -> Set<Coalition> {
    var needed: Set<Coalition> = [.nobody, partition.everyDocument]
    switch method {
    case .exact:
      return Set(partition.coalitions(without: .nobody))
    case .orders(let pairs):
      for pair in pairs {
        for order in pair.orders { needed.formUnion(prefixes(of: order)) }
      }
    case .leverage(let sample, _):
      needed.formUnion(sample.coalitions.map { partition.documents(of: $0) })
    }
    for union in partition.unions {
      needed.insert(union)
      needed.insert(partition.everyDocument.subtracting(union))
    }
    return needed
  }

  /// What tells the documents of one contributor apart.
  static func documents(
    of contributor: Int, _ method: Method, partition: Partition
  ) -> Set<Coalition> {
    let union = partition.unions[contributor]
    let turns: [TurnPair]
    switch method {
    case .orders: turns = []
    case .leverage(_, let drawn): turns = drawn[contributor]
    case .exact(let methods):
      if case .turns(let drawn) = methods[contributor] {
        turns = drawn
        break
      }
      let inner = methods[contributor].prefixes(of: union)
      return Set(
        partition.coalitions(without: union).flatMap { others in inner.map { others.union($0) } })
    }
    return Set(turns.flatMap { $0.growths.joined() })
  }
}

extension AttributionPlan.DocumentMethod {
  /// The subsets of `union` that this method looks at beside every coalition of the others, nobody and
  /// the whole union included; none where it draws those others.
  func prefixes(of union: Coalition) -> [Coalition] {
    switch self {
    case .exact: union.subsets
    case .turns: []
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
