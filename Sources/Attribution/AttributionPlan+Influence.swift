extension AttributionPlan {
  /// Scores the plan's coalitions in one call and values everybody.
  package func influence<S: Scorer>(scoredBy scorer: S) throws -> Influence {
    try influence(from: CoalitionValues(coalitions, scorer.values(of: coalitions)))
  }

  /// Values everybody from coalitions that were scored before, for example those of a trace.
  package func influence(from values: CoalitionValues) throws(GameError) -> Influence {
    switch method {
    case .exact(let methods): try exactInfluence(methods, values: values)
    case .orders(let pairs): try ordersInfluence(pairs, values: values)
    case .leverage(let sample, let turns): try leverageInfluence(sample, turns, values: values)
    }
  }

  private func exactInfluence(
    _ methods: [DocumentMethod], values: CoalitionValues
  ) throws(GameError) -> Influence {
    let game = try values.game(of: partition)
    let exact = game.shapley()
    let shapley = exact.rounded(to: game.gain)
    let banzhaf = game.banzhaf()
    let (loo, solo) = (game.leaveOneOut(), game.solo())
    let contributors = shapley.indices.map { index in
      Influence.Contributor(
        shapley: shapley[index], standardError: nil, leaveOneOut: loo[index], solo: solo[index],
        banzhaf: nearest(banzhaf.numerators[index], banzhaf.denominator))
    }
    var groups: [DocumentValues] = []
    for (contributor, method) in methods.enumerated() {
      groups.append(
        try documentValues(of: contributor, method: method, shapley: exact, values: values))
    }
    return try influence(contributors, documents(groups, totals: shapley), values)
  }

  private func ordersInfluence(
    _ pairs: [OrderPair], values: CoalitionValues
  ) throws(GameError) -> Influence {
    let table = try table(of: values)
    let sample = PairedSample(
      pairs: pairs, groups: partition.documents, group: { $0 }, values: table)
    let grouped = PairedSample(
      pairs: pairs, groups: partition.contributors,
      group: { partition.contributorOfDocument[$0] }, values: table)
    let denominator = Int128(2 * pairs.count)
    let contributors = try contributors(
      ExactValues(numerators: grouped.sums, denominator: denominator), grouped.standardErrors,
      values)
    let groups = partition.unions.map { union in
      DocumentValues(
        documents: union.members,
        values: ExactValues(
          numerators: union.members.map { sample.sums[$0] }, denominator: denominator),
        standardErrors: union.members.map { sample.standardErrors[$0] })
    }
    return try influence(
      contributors, documents(groups, totals: contributors.map(\.shapley)), values)
  }

  private func leverageInfluence(
    _ sample: LeverageSample, _ turns: [[TurnPair]], values: CoalitionValues
  ) throws(GameError) -> Influence {
    let table = try table(of: values)
    let everyone = partition.everyDocument
    let estimate = try LeverageEstimate(
      sample, gain: values.value(of: everyone) - values.value(of: .nobody)
    ) { coalition throws(GameError) in
      let documents = partition.documents(of: coalition)
      return try values.value(of: documents) - values.value(of: everyone.subtracting(documents))
    }
    let contributors = try contributors(estimate.values, estimate.standardErrors, values)
    let groups = partition.unions.indices.map { index in
      DocumentValues(
        of: partition.unions[index], turns: turns[index],
        contributor: estimate.values.numerators[index], denominator: LeverageEstimate.unit,
        standardError: estimate.standardErrors[index], table: table)
    }
    return try influence(
      contributors, documents(groups, totals: contributors.map(\.shapley)), values)
  }

  /// Sampled contributors, with what a single removal or a single source does beside them.
  private func contributors(
    _ sampled: ExactValues, _ standardErrors: [Double], _ values: CoalitionValues
  ) throws(GameError) -> [Influence.Contributor] {
    let (nobody, everyone) = (Coalition.nobody, partition.everyDocument)
    let gain = try values.value(of: everyone) - values.value(of: nobody)
    let shapley = sampled.rounded(to: gain)
    var contributors: [Influence.Contributor] = []
    for (index, union) in partition.unions.enumerated() {
      let without = try values.value(of: everyone.subtracting(union))
      contributors.append(
        Influence.Contributor(
          shapley: shapley[index], standardError: standardErrors[index],
          leaveOneOut: try values.value(of: everyone) - without,
          solo: try values.value(of: union) - values.value(of: nobody), banzhaf: nil))
    }
    return contributors
  }

  func table(of values: CoalitionValues) throws(GameError) -> [Coalition: Int128] {
    var table: [Coalition: Int128] = [:]
    for coalition in coalitions { table[coalition] = Int128(try values.value(of: coalition)) }
    return table
  }

  private func documents(
    _ groups: [DocumentValues], totals: [MicroNats]
  ) -> [Influence.Document] {
    var result: [(document: Int, entry: Influence.Document)] = []
    for (contributor, group) in groups.enumerated() {
      let rounded = group.values.rounded(to: totals[contributor])
      for (index, document) in group.documents.enumerated() {
        result.append(
          (
            document,
            Influence.Document(
              contributor: contributor, owen: rounded[index],
              standardError: group.standardErrors?[index])
          ))
      }
    }
    return result.sorted { $0.document < $1.document }.map(\.entry)
  }

  private func influence(
    _ contributors: [Influence.Contributor], _ documents: [Influence.Document],
    _ values: CoalitionValues
  ) throws(GameError) -> Influence {
    var table: [(coalition: Coalition, value: MicroNats)] = []
    for coalition in coalitions { table.append((coalition, try values.value(of: coalition))) }
    return Influence(
      contributors: contributors, documents: documents,
      withoutSources: try values.value(of: .nobody),
      withAllSources: try values.value(of: partition.everyDocument), table: table,
      isExact: isExact)
  }

  private func nearest(_ numerator: Int128, _ denominator: Int128) -> MicroNats {
    let doubled = 2 * numerator + denominator
    var (quotient, remainder) = doubled.quotientAndRemainder(dividingBy: 2 * denominator)
    if remainder < 0 { (quotient, remainder) = (quotient - 1, 0) }
    return MicroNats(quotient)
  }
}
