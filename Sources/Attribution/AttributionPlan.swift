/// Which coalitions have to be scored, decided before the first one is.
///
/// Up to `Limits.exactPlayers` contributors: every coalition of contributors, so that their Shapley
/// values are exact, and for each contributor either every coalition that its documents' Owen
/// values need or, where those are more than `Limits.documentCoalitions`, sampled orders. With more
/// contributors: sampled two-level orders for both. A plan is a pure function of its arguments, so
/// whoever holds a trace can draw the same one again.
package struct AttributionPlan: Sendable {
  /// How much scoring an answer may cost.
  package struct Limits: Sendable, Equatable {
    /// Up to this many contributors all coalitions are scored; at most `Game.maximumPlayers`.
    package var exactPlayers: Int
    /// Up to this many further coalitions per contributor its documents are valued exactly.
    package var documentCoalitions: Int
    /// Pairs of opposite orders drawn when contributors are sampled; at least 2.
    package var pairs: Int
    /// Pairs of opposite orders drawn when one contributor's documents are sampled; at least 2.
    package var documentPairs: Int

    package init(
      exactPlayers: Int = 4, documentCoalitions: Int = 64, pairs: Int = 16, documentPairs: Int = 4
    ) {
      self.exactPlayers = min(exactPlayers, Game.maximumPlayers)
      self.documentCoalitions = documentCoalitions
      self.pairs = max(2, pairs)
      self.documentPairs = max(2, documentPairs)
    }
  }

  /// How the documents of one contributor are valued, when all contributor coalitions are known.
  enum DocumentMethod: Equatable {
    case exact
    case sampled([OrderPair])
  }

  enum Method {
    case exact([DocumentMethod])
    case sampled([OrderPair])
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
      method = .sampled(
        (0..<limits.pairs).map { _ in OrderPair(twoLevel: partition, generator: &generator) })
    }
    coalitions = Self.needed(method, partition: partition).sorted()
  }

  package var isExact: Bool {
    if case .exact = method { true } else { false }
  }

  private static func documentMethods(
    partition: Partition, limits: Limits, generator: inout SplitMix64
  ) -> [DocumentMethod] {
    partition.unions.map { union in
      let inner = union.count < 63 ? (1 << union.count) - 2 : Int.max
      let (cost, overflow) = inner.multipliedReportingOverflow(
        by: 1 << (partition.contributors - 1))
      if !overflow && cost <= limits.documentCoalitions { return .exact }
      let documents = union.members
      return .sampled(
        (0..<limits.documentPairs).map { _ in
          OrderPair(forward: generator.order(of: documents.count).map { documents[$0] })
        })
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
      }
    case .sampled(let pairs):
      for pair in pairs {
        for order in pair.orders { needed.formUnion(prefixes(of: order)) }
      }
      for union in partition.unions {
        needed.insert(union)
        needed.insert(partition.everyDocument.subtracting(union))
      }
    }
    return needed
  }
}

/// An order of documents and the same order backwards.
///
/// Drawn together because their errors cancel: a game with interactions of at most two players is
/// valued exactly by a single pair.
struct OrderPair: Equatable, Sendable {
  let forward: [Int]

  init(forward: [Int]) {
    self.forward = forward
  }

  /// Orders the contributors, and each contributor's documents within its turn.
  init(twoLevel partition: Partition, generator: inout SplitMix64) {
    var forward: [Int] = []
    for contributor in generator.order(of: partition.contributors) {
      let documents = partition.unions[contributor].members
      forward += generator.order(of: documents.count).map { documents[$0] }
    }
    self.forward = forward
  }

  var orders: [[Int]] { [forward, forward.reversed()] }
}

/// The coalitions that grow along an order, from nobody to everyone in it.
func prefixes(of order: [Int]) -> [Coalition] {
  var grown = Coalition.nobody
  return [grown]
    + order.map { player in
      grown = grown.adding(player)
      return grown
    }
}

extension AttributionPlan.DocumentMethod {
  /// The subsets of `union` that this method looks at, nobody and the whole union included.
  func prefixes(of union: Coalition) -> [Coalition] {
    switch self {
    case .exact: union.subsets
    case .sampled(let pairs):
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
