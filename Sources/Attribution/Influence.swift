/// What every contributor and every document did to one answer.
package struct Influence: Sendable, Equatable {
  package struct Contributor: Sendable, Equatable {
    /// Shapley value in micro-nats, rounded so that all contributors sum to v(N) - v(nobody).
    package let shapley: MicroNats
    /// Micro-nats; nil where the Shapley value is exact.
    package let standardError: Double?
    package let leaveOneOut: MicroNats
    package let solo: MicroNats
    /// Rounded to the nearest micro-nat, ties up; nil where coalitions were sampled.
    package let banzhaf: MicroNats?
  }

  package struct Document: Sendable, Equatable {
    package let contributor: Int
    /// Owen value in micro-nats; a contributor's documents sum to its Shapley value.
    package let owen: MicroNats
    package let standardError: Double?
  }

  package let contributors: [Contributor]
  package let documents: [Document]
  /// v(nobody) and v(everyone).
  package let withoutSources: MicroNats
  package let withAllSources: MicroNats
  /// Every scored coalition of documents, ascending.
  package let table: [(coalition: Coalition, value: MicroNats)]
  package let isExact: Bool

  /// The contributors' information shares; a refusal credits nobody.
  ///
  /// What a refusal gains from passages that do not answer are hundredths of a nat. As parts of its own
  /// surprise they would be whole shares, of whoever crowds out the passage that answers.
  package func shares(isRefusal: Bool) -> InformationShares {
    InformationShares(
      influences: contributors.map(\.shapley), withoutSources: withoutSources,
      withAllSources: isRefusal ? withoutSources : withAllSources)
  }

  package static func == (a: Influence, b: Influence) -> Bool {
    a.contributors == b.contributors && a.documents == b.documents
      && a.withoutSources == b.withoutSources && a.withAllSources == b.withAllSources
      && a.isExact == b.isExact && a.table.elementsEqual(b.table, by: ==)
  }
}
