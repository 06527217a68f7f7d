/// One text for the search of duplicates.
package struct DuplicateCandidate: Sendable {
  package let id: Int64
  /// Of the normalised text.
  package let digest: Digest
  package let signature: MinHash

  package init(id: Int64, digest: Digest, signature: MinHash) {
    self.id = id
    self.digest = digest
    self.signature = signature
  }
}

/// Finds texts that say what an earlier text says already.
///
/// Each text joins the cluster of the earliest owner that has the same words or a Jaccard
/// similarity of at least 0.8; otherwise it owns a cluster. Comparing with owners alone keeps
/// chains of small edits from joining texts that have little in common, and makes the result a
/// function of the order alone. Owners to compare with come from locality-sensitive hashing: 32
/// bands of 4 values, which misses a pair at 0.8 with probability 5e-8, are then filtered by the
/// signatures' estimate and verified on the shingle sets themselves.
package enum DuplicateClusters {
  package static let threshold = 0.8
  private static let bandCount = 32
  private static let bandLength = MinHash.count / bandCount
  /// Bounds what made-up texts that share a band can cost.
  private static let maximumBucket = 64
  /// Three standard errors below the threshold.
  private static let estimateFloor = threshold - 0.11

  /// For every text that is a duplicate, the owner of its cluster.
  ///
  /// `candidates` are in order of precedence, earliest first; `shingles` is asked only for texts
  /// that the signatures hold to be similar.
  package static func owners(
    of candidates: [DuplicateCandidate], shingles: (Int64) throws -> Shingles
  ) rethrows -> [Int64: Int64] {
    var owners: [Int64: Int64] = [:]
    var exact: [Digest: Int64] = [:]
    var buckets: [Band: [Int]] = [:]
    for (index, candidate) in candidates.enumerated() {
      if let owner = exact[candidate.digest] {
        owners[candidate.id] = owner
        continue
      }
      let bands = (0..<bandCount).map { Band(number: $0, of: candidate.signature) }
      let similar = Set(bands.flatMap { buckets[$0] ?? [] }).sorted().filter {
        candidates[$0].signature.similarity(candidate.signature) >= estimateFloor
      }
      if let owner = try firstDuplicate(of: candidate, among: similar, candidates, shingles) {
        owners[candidate.id] = owner
        exact[candidate.digest] = owner
        continue
      }
      exact[candidate.digest] = candidate.id
      for band in bands where buckets[band, default: []].count < maximumBucket {
        buckets[band, default: []].append(index)
      }
    }
    return owners
  }

  private static func firstDuplicate(
    of candidate: DuplicateCandidate, among similar: [Int], _ candidates: [DuplicateCandidate],
    _ shingles: (Int64) throws -> Shingles
  ) rethrows -> Int64? {
    guard !similar.isEmpty else { return nil }
    let own = try shingles(candidate.id)
    return try similar.first {
      try own.jaccard(shingles(candidates[$0].id)) >= threshold
    }.map { candidates[$0].id }
  }

  private struct Band: Hashable {
    let number: Int
    let hash: UInt64

    init(number: Int, of signature: MinHash) {
      let start = number * bandLength
      self.number = number
      hash = signature.values[start..<(start + bandLength)].reduce(0) {
        SplitMix.mix(($0 &+ 0x9e37_79b9_7f4a_7c15) ^ UInt64($1))
      }
    }
  }
}
