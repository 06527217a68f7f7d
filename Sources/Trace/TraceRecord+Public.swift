import Corpus

extension TraceRecord {
  /// The part that may leave: credits, the shards used, and the commitment to the rest.
  func publicPart(agent: ContributorKey, privateRoot: Digest) -> PublicTrace {
    PublicTrace(
      id: secret.id, agent: agent, created: created - created % 3600,
      engineVersion: engineVersion, model: model, companions: companions, mode: mode,
      shardRoots: Set(chunks.map(\.shard) + adapters.map(\.shard)).sorted(),
      shares: players.map {
        ContributorShare(
          contributor: $0.contributor, sharePPM: $0.sharePPM,
          standardErrorPPM: $0.standardErrorPPM)
      }.sorted { $0.contributor < $1.contributor },
      ownKnowledgePPM: ownKnowledgePPM, privateRoot: privateRoot)
  }

  /// Says which field contradicts another one, or nil.
  func inconsistency() -> TraceError? {
    let sum = players.reduce(ownKnowledgePPM) { $0 &+ $1.sharePPM }
    if sum != 1_000_000 {
      return TraceError(
        "players.share", found: "a sum of \(sum) ppm with own knowledge", expected: "1000000 ppm")
    }
    if Set(players.map(\.contributor)).count != players.count || players.count > 64 {
      return TraceError(
        "players", found: "\(players.count) with one twice or too many",
        expected: "at most 64, each contributor once")
    }
    for (index, chunk) in chunks.enumerated() {
      if !players.indices.contains(chunk.player) {
        return TraceError(
          "chunks[\(index)].player", found: "\(chunk.player)", expected: "below \(players.count)")
      }
      if chunk.start < 0 || chunk.start >= chunk.end {
        return TraceError(
          "chunks[\(index)]", found: "bytes \(chunk.start)..<\(chunk.end)",
          expected: "a range that is not empty")
      }
    }
    return inconsistentCoalition() ?? inconsistentReference() ?? inconsistentAdapter()
  }

  private func inconsistentCoalition() -> TraceError? {
    let count = documentShares.count + adapters.count
    let all = count >= 64 ? UInt64.max : (1 << UInt64(count)) - 1
    var seen: Set<UInt64> = []
    for (index, coalition) in coalitions.enumerated() {
      if coalition.documents & ~all != 0 || !seen.insert(coalition.documents).inserted {
        return TraceError(
          "coalitions[\(index)].documents", found: "\(coalition.documents)",
          expected: "a set of the \(count) documents and adapters, each set once")
      }
      if coalition.tokenMicroNats.count != coalitions[0].tokenMicroNats.count {
        return TraceError(
          "coalitions[\(index)].tokens", found: "\(coalition.tokenMicroNats.count)",
          expected: "\(coalitions[0].tokenMicroNats.count) as in the first")
      }
    }
    return nil
  }

  private func inconsistentReference() -> TraceError? {
    for citation in citations + labelScores.compactMap(\.sentence)
    where !chunks.indices.contains(citation.chunk) || citation.sentence < 0 {
      return TraceError(
        "citations.chunk", found: "\(citation.chunk)", expected: "below \(chunks.count)")
    }
    for share in documentShares
    where !(0...1_000_000).contains(share.sharePPM) || !chunks.indices.contains(share.chunk) {
      return TraceError(
        "document shares", found: "\(share.sharePPM) ppm for chunk \(share.chunk)",
        expected: "0...1000000 ppm, a chunk below \(chunks.count)")
    }
    return nil
  }

  private func inconsistentAdapter() -> TraceError? {
    let files = adapters.map(\.sha256)
    guard companions.suffix(files.count) == files[...], files.count <= Self.maximumAdapters else {
      return TraceError(
        "adapters", found: "\(files.count), or others than the companions",
        expected: "at most \(Self.maximumAdapters), which are the last companions")
    }
    for (index, adapter) in adapters.enumerated()
    where !chunks.contains(where: { $0.player == adapter.player })
      || !(0...1_000_000).contains(adapter.sharePPM)
    {
      return TraceError(
        "adapters[\(index)]", found: "\(adapter.sharePPM) ppm for player \(adapter.player)",
        expected: "0...1000000 ppm, a player with a chunk")
    }
    return nil
  }

  private static let maximumAdapters = 2
}
