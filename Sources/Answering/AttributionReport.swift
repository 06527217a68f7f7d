import Attribution

/// What each contributor and each document did to one answer, with everything it follows from.
package struct AttributionReport: Sendable {
  package struct Contributor: Sendable, Equatable {
    /// As in `Source.player`.
    package let player: Int
    package let sharePPM: Int
    /// Nil where the value is exact.
    package let standardErrorPPM: Int?
    package let influence: Influence.Contributor
  }

  package struct Document: Sendable, Equatable {
    package let player: Int
    /// As in `Source.document`.
    package let document: Int
    /// This document's part of its contributor's share.
    package let sharePPM: Int
    package let owen: MicroNats
    /// Micro-nats; nil where the value is exact.
    package let standardError: Double?
  }

  /// An adapter that changed the model; like a document it is a part of its contributor.
  package struct Adapter: Sendable, Equatable {
    package let player: Int
    /// This adapter's part of its contributor's share.
    package let sharePPM: Int
    package let owen: MicroNats
    /// Micro-nats; nil where the value is exact.
    package let standardError: Double?
  }

  package struct CoalitionRow: Sendable, Equatable {
    /// Bits over `documents`, then `adapters`.
    package let coalition: Coalition
    /// The players, as in `Source.player`, all of whose documents and adapters are present; nil where
    /// the coalition splits those of a contributor.
    package let players: [Int]?
    package let value: MicroNats
    /// What each of `Answer.tokenIDs` is worth; they sum to `value`.
    package let tokens: [MicroNats]
  }

  /// Ascending by player.
  package let contributors: [Contributor]
  /// Ascending by player, then document: the order of bits in coalitions.
  package let documents: [Document]
  /// In the order of `Answer.adapters`.
  package let adapters: [Adapter]
  package let ownKnowledgePPM: Int
  /// Every scored coalition, ascending.
  package let coalitions: [CoalitionRow]
  package let influence: Influence
  package let seed: UInt64
  package let limits: AttributionPlan.Limits
  package let attributionSeconds: Double

  /// The rows whose coalitions consist of whole contributors.
  package var contributorCoalitions: [CoalitionRow] { coalitions.filter { $0.players != nil } }
}

extension Answerer {
  /// Measures who caused `answer`: scores the coalitions of a plan in two calls, one for contributors and
  /// one for the documents of those who matter, and values everybody.
  ///
  /// `seed` fixes the orders that are drawn where values are sampled.
  package func attribute(
    _ answer: Answer, seed: UInt64, limits: AttributionPlan.Limits = .init()
  ) throws -> AttributionReport {
    let clock = ContinuousClock()
    let start = clock.now
    let plan = AttributionPlan(partition: answer.partition, seed: seed, limits: limits)
    let scorer = try scorer(for: answer)
    var rows = try scorer.tokenValues(of: plan.coalitions)
    let further = try plan.further(
      after: CoalitionValues(plan.coalitions, rows.map { $0.reduce(0, +) }))
    if !further.isEmpty { rows += try scorer.tokenValues(of: further) }
    return try AttributionReport(
      answer: answer, plan: plan, coalitions: plan.coalitions + further, rows: rows,
      seconds: { (clock.now - start).seconds })
  }
}

extension AttributionReport {
  /// Values everybody from token values that were scored before, one row for each of `coalitions`.
  package init(
    answer: Answer, plan: AttributionPlan, coalitions: [Coalition], rows: [[MicroNats]],
    seconds: () -> Double = { 0 }
  ) throws {
    let values = rows.map { $0.reduce(0, +) }
    let influence = try plan.influence(from: CoalitionValues(coalitions, values))
    let shares = influence.shares(isRefusal: answer.isRefusal)
    let ppm = Self.memberShares(influence, shares)
    self.init(
      contributors: Self.contributors(answer, influence: influence, shares: shares),
      documents: Self.documents(answer.documents, influence: influence, ppm: ppm),
      adapters: Self.adapters(answer, influence: influence, ppm: ppm),
      ownKnowledgePPM: shares.ownKnowledgePPM,
      coalitions: zip(coalitions, rows).sorted { $0.0 < $1.0 }.map {
        CoalitionRow(
          coalition: $0, players: plan.partition.contributors(in: $0)?.map { answer.players[$0] },
          value: $1.reduce(0, +), tokens: $1)
      },
      influence: influence, seed: plan.seed, limits: plan.limits, attributionSeconds: seconds())
  }

  private static func contributors(
    _ answer: Answer, influence: Influence, shares: InformationShares
  ) -> [Contributor] {
    let (values, players) = (influence.contributors, answer.players)
    let withAllSources = answer.isRefusal ? influence.withoutSources : influence.withAllSources
    return players.indices.map { index in
      Contributor(
        player: players[index], sharePPM: shares.ppm[index],
        standardErrorPPM: values[index].standardError.map {
          InformationShares.standardErrorPPM(
            $0, influences: values.map(\.shapley), withoutSources: influence.withoutSources,
            withAllSources: withAllSources)
        },
        influence: values[index])
    }
  }

  /// Each contributor's share split over its documents and adapters, by their place in coalitions.
  private static func memberShares(_ influence: Influence, _ shares: InformationShares) -> [Int] {
    var ppm = [Int](repeating: 0, count: influence.documents.count)
    for contributor in shares.ppm.indices {
      let own = ppm.indices.filter { influence.documents[$0].contributor == contributor }
      let split = InformationShares.split(
        ppm: shares.ppm[contributor], over: own.map { influence.documents[$0].owen })
      for (index, share) in zip(own, split) { ppm[index] = share }
    }
    return ppm
  }

  private static func documents(
    _ documents: [(player: Int, document: Int)], influence: Influence, ppm: [Int]
  ) -> [Document] {
    documents.indices.map { index in
      Document(
        player: documents[index].player, document: documents[index].document,
        sharePPM: ppm[index], owen: influence.documents[index].owen,
        standardError: influence.documents[index].standardError)
    }
  }

  private static func adapters(_ answer: Answer, influence: Influence, ppm: [Int]) -> [Adapter] {
    zip(answer.adapters, ppm.indices.dropFirst(answer.documents.count)).map { adapter, index in
      Adapter(
        player: adapter.player, sharePPM: ppm[index], owen: influence.documents[index].owen,
        standardError: influence.documents[index].standardError)
    }
  }
}
