import Corpus

@testable import Trace

/// One hand-made trace with every field filled.
enum TraceSamples {
  static func identity(_ seed: UInt8 = 9) throws -> ContributorIdentity {
    try ContributorIdentity(name: "agent", seed: [UInt8](repeating: seed, count: 32))
  }

  static func contributor(_ seed: UInt8) throws -> ContributorKey { try identity(seed).publicKey }

  static func secret(_ byte: UInt8 = 5) -> TraceSecret {
    TraceSecret(bytes: [UInt8](repeating: byte, count: 32)) ?? TraceSecret()
  }

  static func record(_ number: UInt8 = 5) throws -> TraceRecord {
    let shards = (0..<3).map { Digest(sha256: [$0]) }
    let players = [
      TracePlayer(
        contributor: try contributor(1), name: "Keeper", sharePPM: 700_000,
        influenceMicroNats: 12_345_678),
      TracePlayer(
        contributor: try contributor(2), name: "Harbour archive", sharePPM: 200_001,
        standardErrorPPM: 17, influenceMicroNats: 3_000_000),
      TracePlayer(
        contributor: try contributor(3), name: "Walking club", sharePPM: 0,
        influenceMicroNats: -4_000),
    ]
    return TraceRecord(
      secret: secret(number), created: 1_790_000_123, engineVersion: 1,
      model: Digest(sha256: [42]), modelName: "reader", mode: .independent,
      question: "How tall is the lighthouse on Skerrin?", answer: "It is 41 metres tall.",
      promptTokens: (0..<60).map { $0 * 13 }, answerTokens: [4, 900, 31, 7, 2],
      players: players, ownKnowledgePPM: 99_999,
      chunks: (0..<3).map {
        TraceChunk(
          shard: shards[$0], document: "notes/page-\($0).md", start: 10 * $0, end: 10 * $0 + 90,
          sha256: Digest(sha256: [7, UInt8($0)]), player: $0, rank: $0)
      },
      coalitions: (0..<8).map { set in
        TraceCoalition(documents: set, tokenMicroNats: (0..<5).map { -Int64(set) * 1000 - $0 * 77 })
      },
      labelScores: [
        TraceLabelScore(sentence: nil, logProbability: 1_000_000, bm25: 0, cosine: 0),
        TraceLabelScore(
          sentence: TraceCitation(chunk: 0, sentence: 1), logProbability: 5_000_000,
          bm25: 2_100_000,
          cosine: -10),
      ],
      citations: [TraceCitation(chunk: 0, sentence: 1)],
      documentShares: [
        TraceDocumentShare(chunk: 0, sharePPM: 700_000),
        TraceDocumentShare(chunk: 1, sharePPM: 200_001),
        TraceDocumentShare(chunk: 2, sharePPM: 0),
      ],
      sampler: TraceSampler(seed: UInt64.max))
  }

  static func sealed(_ number: UInt8 = 5) throws -> SealedTrace {
    try TraceCodec.seal(record(number), identity: identity())
  }
}
