extension AttributionPlan {
  /// Scores the plan's coalitions in two calls, or one, and values everybody.
  package func influence<S: Scorer>(scoredBy scorer: S) throws -> Influence {
    let values = try scorer.values(of: coalitions)
    let further = try further(after: CoalitionValues(coalitions, values))
    if further.isEmpty { return try influence(from: CoalitionValues(coalitions, values)) }
    return try influence(
      from: CoalitionValues(coalitions + further, values + scorer.values(of: further)))
  }

  /// The coalitions that have to be scored after `coalitions`, ascending, each once.
  package func further(after values: CoalitionValues) throws(GameError) -> [Coalition] {
    guard limits.smallestPart != nil else { return [] }
    var needed: Set<Coalition> = []
    let isApart = try contributors(from: values).isApart
    for contributor in isApart.indices where isApart[contributor] {
      needed.formUnion(Self.documents(of: contributor, method, partition: partition))
    }
    return needed.subtracting(coalitions).sorted()
  }

  /// Every coalition that is scored in the end, ascending.
  func scored(by values: CoalitionValues) throws(GameError) -> [Coalition] {
    (coalitions + (try further(after: values))).sorted()
  }

  /// Values everybody from coalitions that were scored before, for example those of a trace.
  package func influence(from values: CoalitionValues) throws(GameError) -> Influence {
    let contributors = try contributors(from: values)
    let table = try table(of: values)
    var groups: [DocumentValues] = []
    for index in partition.unions.indices {
      groups.append(try documents(of: index, contributors, values, table))
    }
    return try influence(
      contributors.entries, documents(groups, totals: contributors.entries.map(\.shapley)), values)
  }

  /// The contributors' values, and of whom the documents are told apart.
  private struct Contributors {
    let shapley: ExactValues
    let entries: [Influence.Contributor]
    let isApart: [Bool]
  }

  private func contributors(
    from values: CoalitionValues
  ) throws(GameError) -> Contributors {
    switch method {
    case .exact:
      let game = try values.game(of: partition)
      let shapley = game.shapley()
      return contributors(shapley, exactEntries(game, shapley.rounded(to: game.gain)))
    case .orders(let pairs):
      let sample = PairedSample(
        pairs: pairs, groups: partition.contributors,
        group: { partition.contributorOfDocument[$0] }, values: try table(of: values))
      let shapley = ExactValues(numerators: sample.sums, denominator: Int128(2 * pairs.count))
      return contributors(shapley, try sampledEntries(shapley, sample.standardErrors, values))
    case .leverage(let sample, _):
      let everyone = partition.everyDocument
      let estimate = try LeverageEstimate(
        sample, gain: values.value(of: everyone) - values.value(of: .nobody)
      ) { coalition throws(GameError) in
        let documents = partition.documents(of: coalition)
        return try values.value(of: documents) - values.value(of: everyone.subtracting(documents))
      }
      return contributors(
        estimate.values, try sampledEntries(estimate.values, estimate.standardErrors, values))
    }
  }

  private func contributors(
    _ shapley: ExactValues, _ entries: [Influence.Contributor]
  ) -> Contributors {
    let positive = entries.map { Int128(max(0, $0.shapley)) }
    let sum = positive.reduce(0, +)
    return Contributors(
      shapley: shapley, entries: entries,
      isApart: positive.map { value in
        limits.smallestPart.map { value > 0 && value * Int128($0) >= sum } ?? true
      })
  }

  private func exactEntries(
    _ game: Game, _ shapley: [MicroNats]
  ) -> [Influence.Contributor] {
    let banzhaf = game.banzhaf()
    let (loo, solo) = (game.leaveOneOut(), game.solo())
    return shapley.indices.map { index in
      Influence.Contributor(
        shapley: shapley[index], standardError: nil, leaveOneOut: loo[index], solo: solo[index],
        banzhaf: nearest(banzhaf.numerators[index], banzhaf.denominator))
    }
  }

  /// Sampled contributors, with what a single removal or a single source does beside them.
  private func sampledEntries(
    _ sampled: ExactValues, _ standardErrors: [Double], _ values: CoalitionValues
  ) throws(GameError) -> [Influence.Contributor] {
    let (nobody, everyone) = (Coalition.nobody, partition.everyDocument)
    let gain = try values.value(of: everyone) - values.value(of: nobody)
    let shapley = sampled.rounded(to: gain)
    var entries: [Influence.Contributor] = []
    for (index, union) in partition.unions.enumerated() {
      let without = try values.value(of: everyone.subtracting(union))
      entries.append(
        Influence.Contributor(
          shapley: shapley[index], standardError: standardErrors[index],
          leaveOneOut: try values.value(of: everyone) - without,
          solo: try values.value(of: union) - values.value(of: nobody), banzhaf: nil))
    }
    return entries
  }

  private func documents(
    of contributor: Int, _ contributors: Contributors, _ values: CoalitionValues,
    _ table: [Coalition: Int128]
  ) throws(GameError) -> DocumentValues {
    let union = partition.unions[contributor]
    let shapley = contributors.shapley
    let standardError = contributors.entries[contributor].standardError
    let isApart = contributors.isApart[contributor] && union.count > 1
    switch method {
    case .orders(let pairs):
      let sample = PairedSample(
        pairs: pairs, groups: partition.documents, group: { $0 }, values: table)
      return DocumentValues(
        documents: union.members,
        values: ExactValues(
          numerators: union.members.map { sample.sums[$0] }, denominator: shapley.denominator),
        standardErrors: union.members.map { sample.standardErrors[$0] })
    case .exact(let methods) where isApart:
      return try documentValues(
        of: contributor, method: methods[contributor], shapley: shapley, values: values)
    case .leverage(_, let turns) where isApart:
      return DocumentValues(
        of: union, turns: turns[contributor], contributor: shapley.numerators[contributor],
        denominator: shapley.denominator, standardError: standardError ?? 0, table: table)
    case .exact, .leverage:
      return DocumentValues(
        sharing: shapley.numerators[contributor], denominator: shapley.denominator,
        standardError: standardError, among: union)
    }
  }

  func table(of values: CoalitionValues) throws(GameError) -> [Coalition: Int128] {
    var table: [Coalition: Int128] = [:]
    for (coalition, value) in values.sorted { table[coalition] = Int128(value) }
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
    for coalition in try scored(by: values) {
      table.append((coalition, try values.value(of: coalition)))
    }
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
