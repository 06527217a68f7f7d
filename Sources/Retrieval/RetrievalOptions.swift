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
  /// The evidence below which a chunk is not returned; see `Evidence`.
  package var evidenceFloor = Evidence.standardFloor
  package var method = Method.fused

  /// The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
  package static let fusionConstant = 60.0

  package init(limit: Int = 8, perContributor: Int = 4) {
    self.limit = limit
    self.perContributor = perContributor
  }
}

/// How much speaks for a chunk having to do with the query at all.
///
/// Both rankings always have a first place, so a rank is no evidence. The sum of the cosine and 0.3
/// of the share of the query's words (`LexicalCoverage`) tells best of what was tried. Measured with
/// MiniLM on XQuAD, 612 questions over 120 paragraphs of 24 articles: the floor keeps the chunk with
/// the answer for 99 % of the questions, and refuses everything for 46 % of them when their own
/// article is taken away (the cosine alone, at the same 99 %: 16 %). Raising it to 0.37 would
/// keep 98 % and refuse 67 %; what passes here the reader can still answer with "not in the
/// documents". Words that cover most of a query are enough by themselves: identifiers, and languages
/// that the embedding model does not know.
package enum Evidence {
  package static let standardFloor = 0.32
  static let coverageWeight = 0.3
  static let decisiveCoverage = 0.6

  static func isEnough(cosine: Float, coverage: Double, floor: Double) -> Bool {
    Double(cosine) + coverageWeight * coverage >= floor || coverage >= decisiveCoverage
  }
}
