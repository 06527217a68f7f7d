import Answering
import Corpus
import Foundation
import Inference
import Trace

/// What computing a trace again found.
package struct TraceReplay: Sendable {
  package let id: TraceID
  package let coalitions: Int
  package let values: Int
  /// Empty where every byte came out the same.
  package let problems: [String]
}

extension AgentSession {
  /// Answers the question of a trace again from the same passages, values every coalition again, and
  /// compares all bytes that are signed or committed to.
  ///
  /// `name`: a trace of this machine, or a file that `trace export` wrote. Needs the model that the trace
  /// names and the shards of its passages; what is missing or different is a problem that is named.
  package func replayTrace(_ name: String) throws -> TraceReplay {
    let record = try recordToReplay(name)
    let problems: [String]
    switch try computeAgain(record) {
    case .different(let causes): problems = causes
    case .computed(_, _, _, let replayed):
      problems = record.differences(in: replayed).map(\.description)
    }
    return TraceReplay(
      id: record.id, coalitions: record.coalitions.count,
      values: record.coalitions.reduce(0) { $0 + $1.tokenMicroNats.count }, problems: problems)
  }

  /// An answer and its attribution, computed from what a trace names.
  enum Recomputation {
    /// Why the numbers would not be the trace's.
    case different([String])
    case computed(any Answerer, Answer, AttributionReport, TraceRecord)
  }

  /// Answers the question of a trace again and values every coalition again.
  func computeAgain(_ record: TraceRecord) throws -> Recomputation {
    let sampling = AgentOptions.Sampling(replaying: record)
    var missing: [String] = []
    let chunks = try passages(of: record, &missing)
    // Traces of a reader without cross-encoder name two companions. What was not read then follows
    // from which sentences have no label, whatever would be read today.
    let loaded = try LoadedAnswerer(
      session: self, sampling: sampling,
      context: Answering.ContextMode(rawValue: record.mode.rawValue),
      hasCrossEncoder: record.companions.count > 2, repetitions: .read)
    let adapters = try adapters(of: record, loaded, &missing)
    // With another model or passage every number differs; saying so would hide the cause.
    let problems = loaded.problems(with: record) + missing
    guard problems.isEmpty else { return .different(problems) }

    let roster = Roster(chunks, adapters: adapters, unread: record.unread(of: chunks))
    let answer = try loaded.answer(record.question, roster: roster)
    let attribution = try loaded.answerer.attribute(
      answer, seed: record.id.seed, limits: record.plan().limits)
    var replayed = TraceAssembly(loaded: loaded, roster: roster, sampling: sampling)
      .record(answer, attribution, secret: record.secret)
    // Passages that did not fit left gaps in the ranking.
    for index in replayed.chunks.indices where index < record.chunks.count {
      replayed.chunks[index].rank = record.chunks[index].rank
    }
    return .computed(loaded.answerer, answer, attribution, replayed)
  }

  private func recordToReplay(_ name: String) throws -> TraceRecord {
    guard FileManager.default.fileExists(atPath: name) else { return try record(matching: name) }
    let bytes = try DurableFile.read(name, maximumBytes: TraceCodec.maximumBytes)
    return try TraceCodec.open(bytes).record
  }

  /// The passages of a trace, cut again out of the installed shards.
  private func passages(
    of record: TraceRecord, _ problems: inout [String]
  ) throws -> [Chunk] {
    let shards = try shards()
    var chunks: [Chunk] = []
    for (index, wanted) in record.chunks.enumerated() {
      do {
        chunks.append(try Chunk(wanted, of: record.players[wanted.player], in: shards))
      } catch let problem as TraceError {
        problems.append(
          "chunks[\(index)]: \(wanted.document) of shard \(wanted.shard.short): \(problem)")
      }
    }
    return chunks
  }

  /// The adapters of a trace, read again from the installed shards.
  private func adapters(
    of record: TraceRecord, _ loaded: LoadedAnswerer, _ problems: inout [String]
  ) throws -> [ShelvedAdapter] {
    let shards = try shards()
    var adapters: [ShelvedAdapter] = []
    for (index, wanted) in record.adapters.enumerated() {
      let place = "adapters[\(index)]: \(wanted.name) of shard \(wanted.shard.short)"
      guard let shelf = loaded.shelf else {
        problems.append("\(place): model: found the reader, expected a chat model")
        continue
      }
      do {
        let contributor = record.players[wanted.player].contributor
        adapters.append(try shelf.adapter(wanted, of: contributor, in: shards))
      } catch {
        problems.append("\(place): \(error)")
      }
    }
    return adapters
  }
}

extension TraceRecord {
  /// By chunk, the sentences that the reader did not see: every one that it saw has a label.
  ///
  /// Empty for a chat model, which has no labels.
  fileprivate func unread(of chunks: [Chunk]) -> [Set<Int>] {
    guard !labelScores.isEmpty else { return [] }
    var unread = chunks.map { Set($0.sentences.indices) }
    for place in labelScores.compactMap(\.sentence) where unread.indices.contains(place.chunk) {
      unread[place.chunk].remove(place.sentence)
    }
    return unread
  }
}

extension AgentOptions.Sampling {
  /// How the answer of a trace was drawn, up to as many tokens as it has.
  fileprivate init(replaying record: TraceRecord) {
    let sampler = record.sampler
    self.init(
      temperature: Double(sampler.temperature) / 1e6, topK: Int(sampler.topK),
      topP: Double(sampler.topP) / 1e6, minP: Double(sampler.minP) / 1e6,
      repeatPenalty: Double(sampler.repeatPenalty) / 1e6, seed: sampler.seed,
      maximumTokens: max(1, record.answerTokens.count))
  }
}

extension LoadedAnswerer {
  /// Why this model's numbers would not be the trace's.
  fileprivate func problems(with record: TraceRecord) -> [String] {
    var problems: [String] = []
    func compare(_ field: String, _ found: String, _ recorded: String) {
      if found != recorded { problems.append("\(field): found \(found), expected \(recorded)") }
    }
    compare("engine version", "\(engineVersion)", "\(record.engineVersion)")
    compare(
      "model", "\(model.name) with sha256 \(digest.hex)",
      "\(record.modelName) with sha256 \(record.model.hex)")
    compare("context", answerer.mode.rawValue, record.mode.rawValue)
    let files = companions.map(\.hex).joined(separator: ", ")
    // The last ones are the adapters, each compared where it is read.
    let recorded = record.companions.dropLast(record.adapters.count)
    compare("companions", files, recorded.map(\.hex).joined(separator: ", "))
    return problems
  }
}

extension Chunk {
  /// Reads the chunk that a trace names; throws `TraceError` where the shard does not have it.
  fileprivate init(
    _ wanted: TraceChunk, of player: TracePlayer, in shards: ShardStore
  ) throws {
    guard let bytes = try? shards.document(wanted.shard, wanted.document) else {
      throw TraceError(
        "shard", found: "none that is installed and intact", expected: "its document")
    }
    guard
      let chunk = Chunker.chunks(of: bytes).first(where: {
        $0.range == wanted.start..<wanted.end
      })
    else {
      throw TraceError(
        "range",
        found: "no passage at bytes \(wanted.start)..<\(wanted.end) (chunker \(Chunker.version))",
        expected: "the passage that was read")
    }
    let text = bytes[chunk.range]
    let digest = Digest(sha256: Array(text))
    guard digest == wanted.sha256 else {
      throw TraceError("sha256", found: digest.hex, expected: wanted.sha256.hex)
    }
    self.init(
      reference: ChunkReference(
        shard: wanted.shard, document: wanted.document, start: wanted.start, end: wanted.end),
      text: String(decoding: text, as: UTF8.self), sentences: chunk.sentences, lines: chunk.lines,
      headings: chunk.headings, contributor: player.contributor, contributorName: player.name)
  }
}
