extension AttributionPlan {
  /// How contributors are valued when they are too many for all their coalitions.
  package enum Sampling: Sendable, Equatable {
    /// Pairs of opposite orders of all documents, as until November 2026.
    case orders
    /// Pairs of complementary coalitions: at the same number of coalitions half to a twentieth of the
    /// squared error, for 7 to 12 contributors.
    case leverage
  }

  /// How much scoring an answer may cost.
  package struct Limits: Sendable, Equatable {
    /// Up to this many contributors all coalitions are scored; at most `Game.maximumPlayers`.
    package var exactPlayers: Int
    /// Documents are valued exactly as long as that takes at most this many further coalitions: those
    /// of all contributors together, the cheapest first; with `.orders` each contributor's by itself.
    package var documentCoalitions: Int
    /// Pairs drawn when contributors are sampled; at least 2, and 4 for an error that keeps its rate.
    ///
    /// Of m contributors either kind of sampling scores about `2 * pairs * (m - 1)` coalitions.
    package var pairs: Int
    /// Pairs of opposite orders drawn when the documents of a contributor are sampled whose own value
    /// is exact; at least 2.
    package var documentPairs: Int
    package var sampling: Sampling
    /// One part in this many of all positive influence makes a contributor's documents worth telling
    /// apart; those of others share its influence equally.
    ///
    /// Nil: all are told apart.
    package var smallestPart: Int?

    package init(
      exactPlayers: Int = 6, documentCoalitions: Int = 64, pairs: Int = 8, documentPairs: Int = 4,
      sampling: Sampling = .leverage, smallestPart: Int? = 50
    ) {
      self.exactPlayers = min(exactPlayers, Game.maximumPlayers)
      self.documentCoalitions = documentCoalitions
      self.pairs = max(2, pairs)
      self.documentPairs = max(2, documentPairs)
      self.sampling = sampling
      self.smallestPart = smallestPart.map { max(1, $0) }
    }

    /// For each contributor, whether its documents are valued exactly.
    func exactDocuments(of partition: Partition) -> [Bool] {
      let costs = partition.unions.map { union in
        let inner = union.count < 63 ? (1 << union.count) - 2 : Int.max
        let (cost, overflow) = inner.multipliedReportingOverflow(
          by: 1 << (partition.contributors - 1))
        return overflow ? Int.max : cost
      }
      if sampling == .orders { return costs.map { $0 <= documentCoalitions } }
      var left = documentCoalitions
      var isExact = costs.map { _ in false }
      for contributor in costs.indices.sorted(by: { (costs[$0], $0) < (costs[$1], $1) })
      where costs[contributor] <= left {
        isExact[contributor] = true
        left -= costs[contributor]
      }
      return isExact
    }

    /// What traces have been made with, the latest first.
    ///
    /// A trace does not name its limits: they follow from its coalitions. None is ever removed while
    /// the engine version of its traces can be replayed.
    package static let published = [
      Limits(),
      Limits(exactPlayers: 4, pairs: 16, sampling: .orders, smallestPart: nil),
    ]
  }

  /// The plan of a trace: the one of `Limits.published` that scores exactly what `values` holds.
  ///
  /// `isExact`: the trace states no standard error. Few contributors can make two plans score the same
  /// coalitions, of which only one samples. Where no plan fits, the latest says what is missing.
  package init(
    partition: Partition, seed: UInt64, scored values: CoalitionValues, isExact: Bool
  ) {
    let scored = values.sorted.map(\.coalition)
    let plans = Limits.published.lazy.map {
      AttributionPlan(partition: partition, seed: seed, limits: $0)
    }
    self =
      plans.first { $0.isExact == isExact && (try? $0.scored(by: values)) == scored }
      ?? AttributionPlan(partition: partition, seed: seed)
  }
}
