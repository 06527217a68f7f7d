import Attribution
import Inference
import Tokenizers

/// Answers with a chat model: one ordinary prompt with numbered passages, free text as the answer.
package final class ChatAnswerer: Answerer {
  package let mode = ContextMode.joint
  package let model: LanguageModel
  private let template: ChatTemplate
  private let tokenizer: any Tokenizer
  private let sampler: Sampler
  private let maximumTokens: Int
  /// The prompt of the last answer, which valuing it goes on from.
  private var lastPrompt: SharedPrompt?

  /// Uses the model file's own chat template unless another is named.
  ///
  /// Each answer starts from `sampler` as given, so that the same question gives the same answer.
  package init(
    model: LanguageModel, template: ChatTemplate? = nil, sampler: Sampler = .greedy,
    maximumTokens: Int = 256
  ) throws {
    guard let template = try template ?? model.chatTemplate.get() else {
      throw AnswerError.noChatTemplate(model: model.path)
    }
    self.model = model
    self.template = template
    self.sampler = sampler
    self.maximumTokens = maximumTokens
    tokenizer = try model.tokenizer
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
    let clock = ContinuousClock()
    let start = clock.now
    var promptSeconds: Double?
    let prompt = try fittingPrompt(
      question, sources: sources, limit: Coalition.capacity - min(LoRAAdapter.limit, adapters.count)
    )
    let players = Set(prompt.numbered.map { sources[$0].player })
    let applied = Array(
      adapters.filter { players.contains($0.player) }.prefix(LoRAAdapter.limit))
    let weights = applied.map(\.weights)
    let tokens = prompt.tokens(present: Set(prompt.numbered))
    lastPrompt = nil
    let shared = try SharedPrompt(
      tokens, cuts: prompt.cuts, model: model, adapters: weights, check: progress.check)
    var generator = TextGenerator(model: model, sampler: sampler, maximumTokens: maximumTokens)
    let result = try generator.generate(
      prompt: shared.rest, segment: shared.last, attending: shared.beforeLast,
      before: Array(tokens.dropLast(shared.rest.count)), adapters: weights,
      isCancelled: progress.isCancelled
    ) { piece in
      promptSeconds = promptSeconds ?? (clock.now - start).seconds
      progress.onText(piece)
    }
    if result.stopReason == .cancelled { throw CancellationError() }
    lastPrompt = shared
    let seconds = (clock.now - start).seconds
    return Answer(
      mode: mode, question: question, sources: sources, adapters: applied,
      dropped: sources.indices.filter { !prompt.numbered.contains($0) }, text: result.text,
      citations: prompt.citations(in: result.text), tokenIDs: result.tokens,
      promptTokens: tokens.count, reading: nil,
      timing: .init(answerSeconds: seconds, promptSeconds: promptSeconds ?? seconds))
  }

  package func scorer(for answer: Answer) throws -> ChatScorer {
    guard answer.mode == mode else {
      throw AnswerError.wrongMode(found: answer.mode, expected: mode)
    }
    let prompt = prompt(answer.question, sources: answer.sources, kept: answer.read)
    let tokens = prompt.tokens(present: Set(answer.read))
    return ChatScorer(
      model: model, answer: answer, prompt: prompt,
      shared: lastPrompt.flatMap {
        $0.isOf(tokens, adapters: answer.adapters.map(\.weights)) ? $0 : nil
      })
  }

  private func prompt(_ question: String, sources: [Source], kept: [Int]) -> ChatPrompt {
    ChatPrompt(
      template: template, tokenizer: tokenizer, question: question, sources: sources, kept: kept)
  }

  /// Leaves out the lowest-ranked sources until prompt and answer fit the context.
  private func fittingPrompt(
    _ question: String, sources: [Source], limit maximumSources: Int
  ) throws -> ChatPrompt {
    let limit = model.configuration.contextLength - maximumTokens
    var kept = Array(sources.indices.prefix(maximumSources))
    while true {
      let prompt = prompt(question, sources: sources, kept: kept)
      let count = prompt.tokens(present: Set(kept)).count
      if count <= limit { return prompt }
      guard !kept.isEmpty else {
        throw AnswerError.questionTooLong(tokens: count, limit: max(0, limit))
      }
      kept.removeLast()
    }
  }
}

/// Values an answer of a chat model under coalitions of its documents and adapters.
///
/// v(S) is the log-probability of the answer's tokens after the prompt with only the passages of S,
/// rendered anew, as the model with only the adapters of S computes it. What prompts begin with alike
/// is computed once, and not at all where the answer itself has needed it just before.
package struct ChatScorer: TokenScorer {
  package typealias Failure = any Error

  let model: LanguageModel
  let answer: Answer
  let prompt: ChatPrompt
  /// What is left of making the answer, if that was the last thing that was made.
  let shared: SharedPrompt?

  package func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]] {
    try micro(logProbabilities(of: coalitions))
  }

  /// Each removal renders the prompt again: what follows the sentence is computed anew for it.
  package func tokenValues(withoutEach places: [SentencePlace]) throws -> [[MicroNats]] {
    let all = answer.adapters.map(\.weights)
    return try micro(logProbabilities(after: places.map { (prompt.tokens(without: $0), all) }))
  }

  private func micro(_ rows: [[Double]]) throws -> [[MicroNats]] {
    try rows.map { row in
      try row.map { nats in
        guard let value = MicroNats(roundingNats: nats) else {
          throw AnswerError.notFinite(model: model.path)
        }
        return value
      }
    }
  }

  func logProbabilities(of coalitions: [Coalition]) throws -> [[Double]] {
    try logProbabilities(
      after: coalitions.map {
        (prompt.tokens(present: Set(answer.sources(of: $0))), answer.adapters(of: $0))
      })
  }

  private func logProbabilities(
    after prompts: [(tokens: [Int32], adapters: [LoRAAdapter])]
  ) throws -> [[Double]] {
    try model.logProbabilities(
      of: prompts.map { context, adapters in
        shared?.sequence(context: context, continuation: answer.tokenIDs, adapters: adapters)
          ?? ScoredSequence(
            context: context, continuation: answer.tokenIDs, adapters: adapters)
      })
  }
}
