extension AttributionPlan {
  /// Owen values of the documents of one contributor whose own value is exact.
  ///
  /// Weighs every coalition of the other contributors as the Shapley value does and, inside the
  /// contributor, every order of its documents (Owen 1977). Sampled orders replace only the inner ones
  /// and each order telescopes, so in both cases the values sum to the contributor's exact Shapley
  /// value; nothing has to be allotted. Sampled turns draw the coalition of the others as well.
  func documentValues(
    of contributor: Int, method: DocumentMethod, shapley: ExactValues, values: CoalitionValues
  ) throws(GameError) -> DocumentValues {
    let union = partition.unions[contributor]
    let outer = factorial(partition.contributors)
    switch method {
    case .exact:
      let inner = try innerGame(of: union, subsets: union.subsets, values: values)
      return DocumentValues(
        documents: union.members, values: exactValues(of: union, inner: inner, outer: outer))
    case .orders(let pairs):
      let inner = try innerGame(of: union, subsets: method.prefixes(of: union), values: values)
      let position = Dictionary(
        uniqueKeysWithValues: union.members.enumerated().map { ($1, $0) })
      let sample = PairedSample(
        pairs: pairs, groups: union.count, group: { position[$0, default: 0] }, values: inner)
      return DocumentValues(
        documents: union.members,
        values: ExactValues(
          numerators: sample.sums, denominator: outer * Int128(2 * pairs.count)),
        standardErrors: sample.standardErrors.map { $0 / Double(outer) })
    case .turns(let turns):
      return DocumentValues(
        of: union, turns: turns, contributor: shapley.numerators[contributor],
        denominator: shapley.denominator, standardError: 0, table: try table(of: values))
    }
  }

  /// The value of each subset T of `union`, averaged over coalitions of the others, times m!.
  private func innerGame(
    of union: Coalition, subsets: [Coalition], values: CoalitionValues
  ) throws(GameError) -> [Coalition: Int128] {
    let others = partition.contributors - 1
    let outside = Coalition(partition.unions.indices.filter { partition.unions[$0] != union })
    var inner: [Coalition: Int128] = [:]
    for subset in subsets where inner[subset] == nil {
      var sum: Int128 = 0
      for coalition in outside.subsets {
        let weight = factorial(coalition.count) * factorial(others - coalition.count)
        let documents = partition.documents(of: coalition).union(subset)
        sum += weight * Int128(try values.value(of: documents))
      }
      inner[subset] = sum
    }
    return inner
  }

  private func exactValues(
    of union: Coalition, inner: [Coalition: Int128], outer: Int128
  ) -> ExactValues {
    let count = union.count
    let numerators = union.members.map { document in
      var sum: Int128 = 0
      for subset in union.removing(document).subsets {
        let weight = factorial(subset.count) * factorial(count - 1 - subset.count)
        sum += weight * (inner[subset.adding(document), default: 0] - inner[subset, default: 0])
      }
      return sum
    }
    return ExactValues(numerators: numerators, denominator: outer * factorial(count))
  }
}

/// The Owen values of one contributor's documents, in ascending order of document.
struct DocumentValues {
  let documents: [Int]
  let values: ExactValues
  /// In micro-nats; nil where the values are exact, or not told apart.
  var standardErrors: [Double]?

  init(documents: [Int], values: ExactValues, standardErrors: [Double]? = nil) {
    self.documents = documents
    self.values = values
    self.standardErrors = standardErrors
  }

  /// Equal parts of a contributor's value.
  init(sharing value: Int128, denominator: Int128, standardError: Double?, among union: Coalition) {
    documents = union.members
    let count = documents.count
    values = ExactValues(
      numerators: documents.map { _ in value }, denominator: denominator * Int128(count))
    standardErrors = standardError.map { error in documents.map { _ in error / Double(count) } }
  }
}
