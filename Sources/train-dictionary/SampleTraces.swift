import Corpus
import Trace

/// Synthesised traces of ordinary questions, the same for the same seed.
///
/// They have the shape of real ones (three or four contributors, a few passages, a full table of
/// coalitions) and everyday words; keys, hashes and numbers are drawn at random, so that the
/// dictionary learns the format and common text but nobody's data.
struct SampleTraces {
  private var random: SeededGenerator
  /// The embedded reader, `Models/reader.gguf`: most traces name it.
  private static let reader = "a2e649575b6425172168eb19bb6758cc6edb97fcca180a0bbb05879cacc3bd3e"

  init(seed: UInt64) { random = SeededGenerator(state: seed) }

  mutating func next() throws -> (publicBytes: [UInt8], content: [UInt8]) {
    let agent = try ContributorIdentity(name: "agent", seed: bytes(32))
    return try TraceCodec.write(record(), identity: agent)
  }

  private mutating func record() throws -> TraceRecord {
    let subject = pick(Words.subjects)
    let sentence = "\(pick(Words.openings)) \(subject) \(pick(Words.facts)) \(number())."
    let joint = random.below(4) == 0
    let answerTokens = tokens(8 + random.below(14))
    let (players, own) = try players(1 + random.below(4))
    let shards = players.map { _ in digest() }
    let chunks = (0..<8).map { chunk(rank: $0, shards: shards) }
    return TraceRecord(
      secret: secret(), created: 1_780_000_000 + random.below(100_000_000), engineVersion: 1,
      model: joint ? digest() : Digest(hex: Self.reader) ?? digest(),
      modelName: joint ? pick(Words.models) : "reader", mode: joint ? .joint : .independent,
      question: "\(pick(Words.questions)) \(subject)?", answer: sentence,
      promptTokens: tokens(150 + random.below(250)), answerTokens: answerTokens,
      players: players, ownKnowledgePPM: own, chunks: chunks,
      coalitions: coalitions(players.count, tokens: answerTokens.count),
      labelScores: joint ? [] : labelScores(chunks.count),
      citations: [TraceCitation(chunk: 0, sentence: random.below(5))],
      documentShares: chunks.indices.map {
        TraceDocumentShare(chunk: $0, sharePPM: random.below(300_000))
      })
  }

  private mutating func players(_ count: Int) throws -> ([TracePlayer], own: Int) {
    var own = 1_000_000
    let players = try (0..<count).map { _ in
      let share = random.below(own)
      own -= share
      return TracePlayer(
        contributor: try key(), name: pick(Words.names), sharePPM: share,
        influenceMicroNats: Int64(random.below(120_000_000)))
    }
    return (players, own)
  }

  private mutating func chunk(rank: Int, shards: [Digest]) -> TraceChunk {
    let start = random.below(6000)
    let player = random.below(shards.count)
    return TraceChunk(
      shard: shards[player], document: pick(Words.documents), start: start,
      end: start + 150 + random.below(270), sha256: digest(), player: player, rank: rank)
  }

  /// With the source that holds the answer most tokens are nearly certain, without it none is.
  private mutating func coalitions(_ players: Int, tokens: Int) -> [TraceCoalition] {
    (0..<UInt64(1 << players)).map { set in
      let scale = set & 1 == 1 ? [200, 3000, 900_000] : [900_000, 6_000_000, 14_000_000]
      let values = (0..<tokens).map { _ in -Int64(random.below(scale[random.below(3)])) }
      return TraceCoalition(documents: set, tokenMicroNats: values)
    }
  }

  private mutating func labelScores(_ chunks: Int) -> [TraceLabelScore] {
    let none = TraceLabelScore(sentence: nil, logProbability: term(), bm25: 0, cosine: 0)
    return [none]
      + (0..<chunks * 4).map {
        TraceLabelScore(
          sentence: TraceCitation(chunk: $0 / 4, sentence: $0 % 4), logProbability: term(),
          bm25: term(),
          cosine: term())
      }
  }
}

extension SampleTraces {
  private mutating func term() -> Int64 { Int64(random.below(9_000_000)) - 3_000_000 }
  private mutating func number() -> Int { 2 + random.below(1998) }
  private mutating func pick(_ list: [String]) -> String { list[random.below(list.count)] }
  private mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(random.below(256)) }
  }
  private mutating func digest() -> Digest { Digest(sha256: bytes(16)) }

  private mutating func tokens(_ count: Int) -> [Int32] {
    (0..<count).map { _ in Int32(random.below(random.below(8) == 0 ? 8000 : 600)) }
  }

  private mutating func secret() -> TraceSecret {
    TraceSecret(bytes: bytes(32)) ?? TraceSecret()
  }

  private mutating func key() throws -> ContributorKey {
    try ContributorIdentity(name: "contributor", seed: bytes(32)).publicKey
  }
}

/// SplitMix64: small, seeded, and the same on every machine.
struct SeededGenerator {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return bound < 2 ? 0 : Int((mixed ^ (mixed >> 31)) % UInt64(bound))
  }
}
