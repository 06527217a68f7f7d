import Corpus
import Foundation

/// Everything that is known about one answer, before it is sealed.
///
/// The public part is derived from it (`publicPart`), so that it cannot say anything else.
package struct TraceRecord: Equatable, Sendable {
  /// Draw it before attribution: `secret.id.seed` is the seed of sampled values.
  package var secret: TraceSecret
  /// Seconds since 1970-01-01 UTC.
  package var created: Int
  package var engineVersion: Int
  /// SHA-256 of the model file.
  package var model: Digest
  /// SHA-256 of the other files that decide the values; for the reader the embedding model, the lexicon and
  /// the cross-encoder, in this order; for a chat model the adapters.
  package var companions: [Digest] = []
  package var modelName: String
  package var mode: ContextMode
  package var question: String
  package var answer: String
  package var promptTokens: [Int32]
  package var answerTokens: [Int32]
  /// The contributors.
  package var players: [TracePlayer]
  package var ownKnowledgePPM: Int
  /// The passages in the prompt, in its order.
  package var chunks: [TraceChunk]
  package var coalitions: [TraceCoalition]
  package var labelScores: [TraceLabelScore]
  package var citations: [TraceCitation]
  /// The documents in the order of the coalitions' bits.
  package var documentShares: [TraceDocumentShare]
  /// What changed the model, in the order in which it was added; their bits in coalitions follow those of
  /// the documents.
  package var adapters: [TraceAdapter] = []
  package var sampler: TraceSampler
  package var timing = TraceTiming()

  package init(
    secret: TraceSecret, created: Int = Int(Date().timeIntervalSince1970), engineVersion: Int,
    model: Digest, modelName: String, mode: ContextMode, question: String, answer: String,
    promptTokens: [Int32] = [], answerTokens: [Int32] = [], players: [TracePlayer] = [],
    ownKnowledgePPM: Int = 1_000_000, chunks: [TraceChunk] = [],
    coalitions: [TraceCoalition] = [], labelScores: [TraceLabelScore] = [],
    citations: [TraceCitation] = [], documentShares: [TraceDocumentShare] = [],
    sampler: TraceSampler = TraceSampler()
  ) {
    self.secret = secret
    self.created = created
    self.engineVersion = engineVersion
    self.model = model
    self.modelName = modelName
    self.mode = mode
    self.question = question
    self.answer = answer
    self.promptTokens = promptTokens
    self.answerTokens = answerTokens
    self.players = players
    self.ownKnowledgePPM = ownKnowledgePPM
    self.chunks = chunks
    self.coalitions = coalitions
    self.labelScores = labelScores
    self.citations = citations
    self.documentShares = documentShares
    self.sampler = sampler
  }

  package var id: TraceID { secret.id }
}

/// A contributor in the game of one answer.
package struct TracePlayer: Equatable, Sendable {
  package var contributor: ContributorKey
  package var name: String
  package var sharePPM: Int
  package var standardErrorPPM: Int?
  /// The Shapley value, which may be negative; a negative one has the share 0.
  package var influenceMicroNats: Int64

  package init(
    contributor: ContributorKey, name: String, sharePPM: Int, standardErrorPPM: Int? = nil,
    influenceMicroNats: Int64 = 0
  ) {
    self.contributor = contributor
    self.name = name
    self.sharePPM = sharePPM
    self.standardErrorPPM = standardErrorPPM
    self.influenceMicroNats = influenceMicroNats
  }
}

/// A passage of the prompt: bytes `[start, end)` of a document, and their hash.
package struct TraceChunk: Equatable, Sendable {
  package var shard: Digest
  package var document: String
  package var start: Int
  package var end: Int
  /// Of the passage's text.
  package var sha256: Digest
  /// Index of its contributor among the players.
  package var player: Int
  /// The place in retrieval's ranking, from 0; passages that did not fit leave gaps.
  ///
  /// Where a passage stands in the reader's context follows from the texts of all of them.
  package var rank: Int

  package init(
    shard: Digest, document: String, start: Int, end: Int, sha256: Digest, player: Int, rank: Int
  ) {
    self.shard = shard
    self.document = document
    self.start = start
    self.end = end
    self.sha256 = sha256
    self.player = player
    self.rank = rank
  }
}

/// The value of one coalition: the log-probability of each answer token in millionths of a nat.
package struct TraceCoalition: Equatable, Sendable {
  /// Bit i stands for the document that is number i of the document shares, then for the adapters; a
  /// coalition of contributors is the union of what is theirs.
  package var documents: UInt64
  package var tokenMicroNats: [Int64]

  package init(documents: UInt64, tokenMicroNats: [Int64]) {
    self.documents = documents
    self.tokenMicroNats = tokenMicroNats
  }

  /// v(S), the sum over the tokens.
  package var microNats: Int64 { tokenMicroNats.reduce(0, &+) }
}

/// The score of one label with the embedded reader, in millionths.
///
/// The reader's own part is the log-probability less the two terms, up to a constant that is the same
/// for all labels.
package struct TraceLabelScore: Equatable, Sendable {
  /// Index of the chunk and of the sentence in it; nil for the label *none*.
  package var sentence: TraceCitation?
  /// Under the distribution that the answer was chosen from, all sources present.
  package var logProbability: Int64
  package var bm25: Int64
  /// The weighted cosines and the weighted score of the cross-encoder.
  package var cosine: Int64

  package init(sentence: TraceCitation?, logProbability: Int64, bm25: Int64, cosine: Int64) {
    self.sentence = sentence
    self.logProbability = logProbability
    self.bm25 = bm25
    self.cosine = cosine
  }
}

/// A sentence of a passage.
package struct TraceCitation: Equatable, Sendable {
  package var chunk: Int
  package var sentence: Int

  package init(chunk: Int, sentence: Int) {
    self.chunk = chunk
    self.sentence = sentence
  }
}

/// The part of its contributor's share that a document has (Owen value).
package struct TraceDocumentShare: Equatable, Sendable {
  /// Index of the document's first chunk.
  package var chunk: Int
  package var sharePPM: Int

  package init(chunk: Int, sharePPM: Int) {
    self.chunk = chunk
    self.sharePPM = sharePPM
  }
}

/// An adapter of a shard that changed the model, and the part of its contributor's share that it has.
package struct TraceAdapter: Equatable, Sendable {
  package var shard: Digest
  /// The file's name in the shard.
  package var name: String
  package var sha256: Digest
  /// Index of its contributor among the players.
  package var player: Int
  package var sharePPM: Int

  package init(shard: Digest, name: String, sha256: Digest, player: Int, sharePPM: Int) {
    self.shard = shard
    self.name = name
    self.sha256 = sha256
    self.player = player
    self.sharePPM = sharePPM
  }
}

/// How the answer was drawn; fractions in millionths.
package struct TraceSampler: Equatable, Sendable {
  /// 0 is greedy.
  package var temperature: Int64
  package var topK: Int64
  package var topP: Int64
  package var minP: Int64
  package var repeatPenalty: Int64
  package var seed: UInt64

  package init(
    temperature: Int64 = 0, topK: Int64 = 0, topP: Int64 = 1_000_000, minP: Int64 = 0,
    repeatPenalty: Int64 = 1_000_000, seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repeatPenalty = repeatPenalty
    self.seed = seed
  }
}

/// What the answer and its attribution cost on this machine.
package struct TraceTiming: Equatable, Sendable {
  package var promptTokens: Int
  package var answerMicroseconds: Int
  package var attributionMicroseconds: Int

  package init(
    promptTokens: Int = 0, answerMicroseconds: Int = 0, attributionMicroseconds: Int = 0
  ) {
    self.promptTokens = promptTokens
    self.answerMicroseconds = answerMicroseconds
    self.attributionMicroseconds = attributionMicroseconds
  }
}
