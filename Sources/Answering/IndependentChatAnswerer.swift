import Attribution
import Inference
import Tokenizers

/// Answers with a chat model whose passages do not see each other (parallel context windows, Ratner
/// and others 2023), in free text.
///
/// Passages see the head of the prompt and themselves, all from the same position on; question and
/// answer see everything. So what a passage contributes to the context does not depend on the others,
/// and removing one drops its KV segment. Chat models were trained for one prompt: how much they lose
/// by this is a matter of measurement (`Benchmarks/attribution`).
package final class IndependentChatAnswerer: TextValuing {
  package let mode = ContextMode.independent
  package var model: LanguageModel { chat.model }
  private let chat: ChatModel
  private let reading: ReadPieces
  private let contextBytes: Int
  /// What the last answer was made from, which valuing it goes on from.
  private var last: IndependentChatContext?

  /// Uses the model file's own chat template unless another is named.
  ///
  /// Each answer starts from `sampler` as given, so that the same question gives the same answer.
  /// `contextBytes` bounds the keys and values of one answer's passages where these are more tokens
  /// than one prompt could have, `cacheBytes` those that are kept for later questions.
  package init(
    model: LanguageModel, template: ChatTemplate? = nil, sampler: Sampler = .greedy,
    maximumTokens: Int = 256, contextBytes: Int = 1 << 30, cacheBytes: Int = 256 << 20
  ) throws {
    chat = try ChatModel(
      model: model, template: template, sampler: sampler, maximumTokens: maximumTokens)
    reading = ReadPieces(model: model, byteLimit: cacheBytes)
    self.contextBytes = contextBytes
  }

  /// All of them: a chat model reads every sentence.
  package func withoutQuotations(_ sources: [Source], precedence: [Int]) -> [Source] { sources }

  /// Answers with the first of `adapters` whose contributors have a source that is read, at most two.
  ///
  /// They take part in the order given, each as a player of its contributor.
  package func answer(
    _ question: String, sources: [Source], adapters: [SourceAdapter],
    progress: AnswerProgress = AnswerProgress()
  ) throws -> Answer {
    let start = ContinuousClock().now
    let (prompt, pieces) = try fittingPrompt(question, sources: sources, adapters: adapters)
    let applied = chat.applied(adapters, to: prompt)
    let weights = applied.map(\.weights)
    last = nil
    let context = try context(of: pieces, adapters: weights, check: progress.check)
    let writing = try chat.write(
      after: ChatModel.Opening(
        rest: pieces.tail, segment: model.makeSegment(startPosition: pieces.tailStart),
        attending: context.segments, before: pieces.head + pieces.passages.joined()),
      adapters: weights, progress: progress)
    last = context
    return chat.answer(
      writing, to: prompt, mode: mode, adapters: applied, promptTokens: pieces.tokenCount,
      since: start)
  }

  package func answer(
    _ question: String, sources: [Source], saying text: String
  ) throws -> Answer {
    let start = ContinuousClock().now
    let (prompt, pieces) = try fittingPrompt(question, sources: sources, adapters: [])
    return chat.answer(
      chat.given(text), to: prompt, mode: mode, adapters: [], promptTokens: pieces.tokenCount,
      since: start)
  }

  package func logProbabilities(
    of texts: [String], answering question: String, sources: [Source]
  ) throws -> [[Double]] {
    let (_, pieces) = try fittingPrompt(question, sources: sources, adapters: [])
    let context = try context(of: pieces, adapters: [])
    return try model.logProbabilities(
      of: texts.map { text in
        ScoredSequence(
          context: pieces.tail, continuation: chat.given(text).tokens,
          startPosition: pieces.tailStart, attending: context.segments)
      })
  }

  package func scorer(for answer: Answer) throws -> IndependentChatScorer {
    guard answer.mode == mode, answer.reading == nil else {
      throw AnswerError.wrongMode(found: answer.mode, expected: mode)
    }
    let prompt = chat.prompt(answer.question, sources: answer.sources, kept: answer.read)
    return IndependentChatScorer(
      chat: chat, reading: reading, answer: answer, prompt: prompt,
      pieces: try prompt.pieces(model: model.path), made: last)
  }

  private func context(
    of pieces: ChatPieces, adapters: [LoRAAdapter], check: () throws -> Void = {}
  ) throws -> IndependentChatContext {
    IndependentChatContext(
      pieces: pieces, adapters: AdapterList(adapters),
      segments: try reading.read(
        pieces, numbers: Array(pieces.passages.indices), adapters: adapters, check: check))
  }

  /// Leaves out sources that do not fit the context by themselves, then the lowest-ranked ones until
  /// memory holds the rest.
  private func fittingPrompt(
    _ question: String, sources: [Source], adapters: [SourceAdapter]
  ) throws -> (prompt: ChatPrompt, pieces: ChatPieces) {
    let limit = chat.promptLimit
    var kept = chat.candidates(sources, beside: adapters)
    while true {
      let prompt = chat.prompt(question, sources: sources, kept: kept)
      let pieces = try prompt.pieces(model: model.path)
      let alone = pieces.head.count + pieces.tail.count
      guard alone <= limit else {
        throw AnswerError.questionTooLong(tokens: alone, limit: max(0, limit))
      }
      let long = prompt.numbered.indices.filter { alone + pieces.passages[$0].count > limit }
        .map { prompt.numbered[$0] }
      if !long.isEmpty {
        kept.removeAll(where: long.contains)
      } else if !kept.isEmpty, pieces.tokenCount > tokenLimit {
        kept.removeLast()
      } else {
        return (prompt, pieces)
      }
    }
  }

  /// Tokens that may be read at a time: as many as one prompt could have, or `contextBytes` of keys and
  /// values where that is more.
  ///
  /// The positions do not bound them, since passages share theirs.
  private var tokenLimit: Int {
    let configuration = model.configuration
    let block = 256
    let bytes = configuration.layers * KVSegment.byteCount(of: configuration, positions: block)
    return max(chat.promptLimit, contextBytes / bytes * block)
  }
}

/// The keys and values of a prompt's head and of all its passages, in this order.
struct IndependentChatContext {
  let pieces: ChatPieces
  let adapters: AdapterList
  let segments: [KVSegment]
}
