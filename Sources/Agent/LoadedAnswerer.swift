import Answering
import Corpus
import Foundation
import GGUF
import Inference

/// A model that is ready to answer, with the digests that a trace names.
struct LoadedAnswerer {
  let answerer: any Answerer
  let model: LanguageModel
  let digest: Digest
  /// What else decides the values, for the reader: the embedding model, the lexicon, and the cross-encoder
  /// where it is used.
  let companions: [Digest]
  /// What may change a chat model; nil for the embedded reader, which nothing changes.
  let shelf: AdapterShelf?

  /// Loads what the settings name.
  ///
  /// `sampling`: how a chat model draws its tokens; `context`: how its passages share the context, the
  /// reader's being always independent. `hasCrossEncoder`: false for the reader as it was before there
  /// was one, which earlier traces need; `repetitions` likewise.
  init(
    session: AgentSession, sampling: AgentOptions.Sampling, context: Answering.ContextMode?,
    hasCrossEncoder: Bool = true, repetitions: Repetitions = .omitted
  ) throws {
    let loaded = try session.model()
    (model, digest) = (loaded.model, loaded.digest)
    guard ReaderAnswerer.canUse(model) else {
      answerer = try Self.chatAnswerer(model, sampling, context)
      companions = []
      shelf = AdapterShelf(model: model, digest: digest)
      return
    }
    shelf = nil
    let lexicon = try Lexicon.load(besideModel: model.path)
    let crossEncoder = hasCrossEncoder ? try session.crossEncoder() : nil
    answerer = try ReaderAnswerer(
      model: model, embedder: session.embedder(), crossEncoder: crossEncoder, lexicon: lexicon,
      repetitions: repetitions, cache: Self.cache(session.home, model, digest))
    companions = try [
      ModelLocator.find("embedding"), Lexicon.path(besideModel: model.path), crossEncoder?.path,
    ].compactMap { try $0.map(session.digests.sha256) }
  }

  private static func chatAnswerer(
    _ model: LanguageModel, _ sampling: AgentOptions.Sampling, _ context: Answering.ContextMode?
  ) throws -> any Answerer {
    switch context {
    case .independent:
      try IndependentChatAnswerer(
        model: model, sampler: sampling.sampler, maximumTokens: sampling.maximumTokens)
    case .joint, nil:
      try ChatAnswerer(
        model: model, sampler: sampling.sampler, maximumTokens: sampling.maximumTokens)
    }
  }

  /// Refuses a mode that was asked for and that the model does not have.
  func require(_ context: Answering.ContextMode?) throws {
    guard let context, context != answerer.mode else { return }
    throw AgentError(
      .usage,
      "\(model.path): context: found \(context.rawValue), expected \(answerer.mode.rawValue), "
        + "the only one that a reader has",
      hint: "--context \(answerer.mode.rawValue), or --model FILE.gguf for a chat model")
  }

  /// Answers from the roster's passages, with its adapters.
  func answer(
    _ question: String, roster: Roster, progress: AnswerProgress = AnswerProgress()
  ) throws -> Answer {
    try answerer.answer(
      question, sources: roster.sources, adapters: roster.sourceAdapters, progress: progress)
  }

  /// The adapters that an answer from `chunks`, best first, is to use.
  func adapters(for chunks: [Chunk], in store: ShardStore) throws -> [ShelvedAdapter] {
    try shelf?.adapters(for: chunks, in: store, warn: Self.warn) ?? []
  }

  /// Passages that the model has read stay on disk: reading one again costs a hundredth.
  ///
  /// A folder that cannot be used is said once and done without.
  private static func cache(
    _ home: Home, _ model: LanguageModel, _ digest: Digest
  ) -> KVCache? {
    do {
      return try KVCache(
        directory: home.passageCache, capacityBytes: 256 << 20, model: model,
        modelHash: digest.bytes, onWarning: warn)
    } catch {
      warn("\(error)")
      return nil
    }
  }

  @Sendable static func warn(_ message: String) {
    FileHandle.standardError.write(Data("tributary: \(message)\n".utf8))
  }
}
