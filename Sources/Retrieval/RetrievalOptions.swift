/// How a search chooses its chunks.
package struct RetrievalOptions: Sendable, Equatable {
  package enum Method: String, Sendable, CaseIterable {
    case lexical, semantic, fused
  }

  /// The most chunks returned.
  package var limit = 8
  /// The most chunks of one contributor, so that nobody can fill every place.
  package var perContributor = 4
  /// How many chunks each ranking hands to the fusion.
  package var candidates = 50
  /// The cosine below which likeness is no evidence by itself; see `standardFloor`.
  package var cosineFloor: Float = standardFloor
  package var method = Method.fused

  package static let standardFloor: Float = 0.25
  /// The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
  package static let fusionConstant = 60.0

  package init(limit: Int = 8, perContributor: Int = 4) {
    self.limit = limit
    self.perContributor = perContributor
  }
}
