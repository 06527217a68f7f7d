import Attribution
import Inference
import Tokenizers

/// Answers with a chat model from one ordinary prompt with numbered passages, in free text.
package final class ChatAnswerer: TextValuing {
  package let mode = ContextMode.joint
  package var model: LanguageModel { chat.model }
  private let chat: ChatModel
  /// The prompt of the last answer, which valuing it goes on from.
  private var lastPrompt: SharedPrompt?

  /// Uses the model file's own chat template unless another is named.
  ///
  /// Each answer starts from `sampler` as given, so that the same question gives the same answer.
  package init(
    model: LanguageModel, template: ChatTemplate? = nil, sampler: Sampler = .greedy,
    maximumTokens: Int = 256
  ) throws {
    chat = try ChatModel(
      model: model, template: template, sampler: sampler, maximumTokens: maximumTokens)
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
    let prompt = try fittingPrompt(question, sources: sources, adapters: adapters)
    let applied = chat.applied(adapters, to: prompt)
    let weights = applied.map(\.weights)
    let tokens = prompt.tokens(present: Set(prompt.numbered))
    lastPrompt = nil
    let shared = try SharedPrompt(
      tokens, cuts: prompt.cuts, model: model, adapters: weights, check: progress.check)
    let writing = try chat.write(
      after: ChatModel.Opening(
        rest: shared.rest, segment: shared.last, attending: shared.beforeLast,
        before: Array(tokens.dropLast(shared.rest.count))),
      adapters: weights, progress: progress)
    lastPrompt = shared
    return chat.answer(
      writing, to: prompt, mode: mode, adapters: applied, promptTokens: tokens.count, since: start)
  }

  package func answer(
    _ question: String, sources: [Source], saying text: String
  ) throws -> Answer {
    let start = ContinuousClock().now
    let prompt = try fittingPrompt(question, sources: sources, adapters: [])
    return chat.answer(
      chat.given(text), to: prompt, mode: mode, adapters: [],
      promptTokens: prompt.tokens(present: Set(prompt.numbered)).count, since: start)
  }

  package func logProbabilities(
    of texts: [String], answering question: String, sources: [Source]
  ) throws -> [[Double]] {
    let prompt = try fittingPrompt(question, sources: sources, adapters: [])
    let tokens = prompt.tokens(present: Set(prompt.numbered))
    return try model.logProbabilities(
      of: texts.map { ScoredSequence(context: tokens, continuation: chat.given($0).tokens) })
  }

  package func scorer(for answer: Answer) throws -> ChatScorer {
    guard answer.mode == mode else {
      throw AnswerError.wrongMode(found: answer.mode, expected: mode)
    }
    let prompt = chat.prompt(answer.question, sources: answer.sources, kept: answer.read)
    let tokens = prompt.tokens(present: Set(answer.read))
    return ChatScorer(
      chat: chat, answer: answer, prompt: prompt,
      shared: lastPrompt.flatMap {
        $0.isOf(tokens, adapters: answer.adapters.map(\.weights)) ? $0 : nil
      })
  }

  /// Leaves out the lowest-ranked sources until prompt and answer fit the context.
  private func fittingPrompt(
    _ question: String, sources: [Source], adapters: [SourceAdapter]
  ) throws -> ChatPrompt {
    let limit = chat.promptLimit
    var kept = chat.candidates(sources, beside: adapters)
    while true {
      let prompt = chat.prompt(question, sources: sources, kept: kept)
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

  let chat: ChatModel
  let answer: Answer
  let prompt: ChatPrompt
  /// What is left of making the answer, if that was the last thing that was made.
  let shared: SharedPrompt?

  package func tokenValues(of coalitions: [Coalition]) throws -> [[MicroNats]] {
    try chat.micro(logProbabilities(of: coalitions))
  }

  /// Each removal renders the prompt again: what follows the sentence is computed anew for it.
  package func tokenValues(withoutEach places: [SentencePlace]) throws -> [[MicroNats]] {
    let all = answer.adapters.map(\.weights)
    return try chat.micro(
      logProbabilities(after: places.map { (prompt.tokens(without: $0), all) }))
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
    try chat.model.logProbabilities(
      of: prompts.map { context, adapters in
        shared?.sequence(context: context, continuation: answer.tokenIDs, adapters: adapters)
          ?? ScoredSequence(
            context: context, continuation: answer.tokenIDs, adapters: adapters)
      })
  }
}
