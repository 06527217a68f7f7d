import Answering
import Corpus
import Inference
import Trace

/// Puts an answer and its attribution into a trace record.
struct TraceAssembly {
  let loaded: LoadedAnswerer
  let roster: Roster
  let sampling: AgentOptions.Sampling

  func record(
    _ answer: Answer, _ attribution: AttributionReport, secret: TraceSecret
  ) -> TraceRecord {
    var record = TraceRecord(
      secret: secret, engineVersion: engineVersion, model: loaded.digest,
      modelName: loaded.model.name, mode: answer.mode == .joint ? .joint : .independent,
      question: answer.question, answer: answer.text)
    record.adapters = adapters(of: answer, attribution)
    record.companions = loaded.companions + record.adapters.map(\.sha256)
    record.answerTokens = answer.tokenIDs
    record.players = attribution.contributors.map(player)
    record.ownKnowledgePPM = attribution.ownKnowledgePPM
    record.documentShares = attribution.documents.map { share($0, of: answer) }
    record.chunks = answer.read.map { chunk($0, of: attribution) }
    record.coalitions = attribution.coalitions.map {
      TraceCoalition(documents: $0.coalition.bits, tokenMicroNats: $0.tokens)
    }
    record.labelScores = answer.reading.map { scores($0, of: answer) } ?? []
    record.citations = answer.citations.compactMap { citation(answer, $0.source, $0.sentence ?? 0) }
    record.sampler = sampler
    record.timing = TraceTiming(
      promptTokens: answer.promptTokens,
      answerMicroseconds: Int(answer.timing.answerSeconds * 1e6),
      attributionMicroseconds: Int(attribution.attributionSeconds * 1e6))
    return record
  }

  private func player(_ contributor: AttributionReport.Contributor) -> TracePlayer {
    TracePlayer(
      contributor: roster.contributors[contributor.player], name: roster.names[contributor.player],
      sharePPM: contributor.sharePPM, standardErrorPPM: contributor.standardErrorPPM,
      influenceMicroNats: contributor.influence.shapley)
  }

  /// A document by the first of its chunks that was read.
  private func share(
    _ document: AttributionReport.Document, of answer: Answer
  ) -> TraceDocumentShare {
    let chunk = answer.read.firstIndex { roster.sources[$0].document == document.document }
    return TraceDocumentShare(chunk: chunk ?? 0, sharePPM: document.sharePPM)
  }

  private func adapters(
    of answer: Answer, _ attribution: AttributionReport
  ) -> [TraceAdapter] {
    zip(answer.adapters, attribution.adapters).compactMap { used, value in
      roster.adapters.first { $0.weights === used.weights }.map {
        TraceAdapter(
          shard: $0.shard, name: $0.adapter.name, sha256: $0.adapter.sha256,
          player: place(of: value.player, in: attribution), sharePPM: value.sharePPM)
      }
    }
  }

  private func chunk(_ source: Int, of attribution: AttributionReport) -> TraceChunk {
    let chunk = roster.chunks[source]
    let player = roster.sources[source].player
    return TraceChunk(
      shard: chunk.reference.shard, document: chunk.reference.document,
      start: chunk.reference.start, end: chunk.reference.end,
      sha256: Digest(sha256: Array(chunk.text.utf8)),
      player: place(of: player, in: attribution), rank: source)
  }

  /// A player's place in the trace.
  private func place(of player: Int, in attribution: AttributionReport) -> Int {
    attribution.contributors.firstIndex { $0.player == player } ?? 0
  }

  /// *None* first, then every sentence.
  private func scores(_ reading: Reading, of answer: Answer) -> [TraceLabelScore] {
    let none = TraceLabelScore(
      sentence: nil, logProbability: reading.noneLogProbability, bm25: 0, cosine: 0)
    return [none]
      + reading.terms.map { term in
        TraceLabelScore(
          sentence: citation(answer, term.source, term.sentence),
          logProbability: term.logProbability, bm25: term.lexical, cosine: term.semantic)
      }
  }

  /// A sentence by its chunk's place in the trace, which holds only the chunks that were read.
  private func citation(_ answer: Answer, _ source: Int, _ sentence: Int) -> TraceCitation? {
    answer.read.firstIndex(of: source).map { TraceCitation(chunk: $0, sentence: sentence) }
  }

  private var sampler: TraceSampler {
    TraceSampler(
      temperature: Int64(sampling.temperature * 1e6), topK: Int64(sampling.topK),
      topP: Int64(sampling.topP * 1e6), minP: Int64(sampling.minP * 1e6),
      repeatPenalty: Int64(sampling.repeatPenalty * 1e6), seed: sampling.seed)
  }
}
