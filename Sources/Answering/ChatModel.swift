import Attribution
import Inference
import Tokenizers

/// A chat model with its conversation's form and how it draws an answer: what both context modes share.
struct ChatModel {
  let model: LanguageModel
  let template: ChatTemplate
  let tokenizer: any Tokenizer
  let sampler: Sampler
  let maximumTokens: Int

  /// Uses the model file's own chat template unless another is named.
  init(
    model: LanguageModel, template: ChatTemplate?, sampler: Sampler, maximumTokens: Int
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

  /// Positions that the answer leaves for the prompt.
  var promptLimit: Int { model.configuration.contextLength - maximumTokens }

  /// How many of `sources` can be valued beside adapters, best first.
  func candidates(_ sources: [Source], beside adapters: [SourceAdapter]) -> [Int] {
    Array(sources.indices.prefix(Coalition.capacity - min(LoRAAdapter.limit, adapters.count)))
  }

  func prompt(_ question: String, sources: [Source], kept: [Int]) -> ChatPrompt {
    ChatPrompt(
      template: template, tokenizer: tokenizer, question: question, sources: sources, kept: kept)
  }

  /// The first of `adapters` whose contributors have a source that is read, at most two.
  func applied(
    _ adapters: [SourceAdapter], to prompt: ChatPrompt
  ) -> [SourceAdapter] {
    let players = Set(prompt.numbered.map { prompt.sources[$0].player })
    return Array(
      adapters.filter { players.contains($0.player) }.prefix(LoRAAdapter.limit))
  }

  /// What an answer goes on from.
  struct Opening {
    /// What is left of the prompt to compute.
    let rest: [Int32]
    /// The segment that the rest and the answer belong to.
    let segment: KVSegment
    let attending: [KVSegment]
    /// The tokens of `attending`, in order.
    let before: [Int32]
  }

  /// An answer's text and tokens, and when its first piece came.
  struct Writing {
    let text: String
    let tokens: [Int32]
    let first: ContinuousClock.Instant?
  }

  func write(
    after opening: Opening, adapters: [LoRAAdapter], progress: AnswerProgress
  ) throws -> Writing {
    let clock = ContinuousClock()
    var first: ContinuousClock.Instant?
    var generator = TextGenerator(model: model, sampler: sampler, maximumTokens: maximumTokens)
    let result = try generator.generate(
      prompt: opening.rest, segment: opening.segment, attending: opening.attending,
      before: opening.before, adapters: adapters, isCancelled: progress.isCancelled
    ) { piece in
      first = first ?? clock.now
      progress.onText(piece)
    }
    if result.stopReason == .cancelled { throw CancellationError() }
    return Writing(text: result.text, tokens: result.tokens, first: first)
  }

  /// A text that is given as an answer instead of being written.
  func given(_ text: String) -> Writing {
    Writing(
      text: text, tokens: tokenizer.encode(text, addSpecial: false, parseSpecial: false),
      first: nil)
  }

  /// Puts an answer together; its time runs from `start` to now.
  func answer(
    _ writing: Writing, to prompt: ChatPrompt, mode: ContextMode, adapters: [SourceAdapter],
    promptTokens: Int, since start: ContinuousClock.Instant
  ) -> Answer {
    let seconds = (ContinuousClock().now - start).seconds
    return Answer(
      mode: mode, question: prompt.question, sources: prompt.sources, adapters: adapters,
      dropped: prompt.sources.indices.filter { !prompt.numbered.contains($0) },
      text: writing.text, citations: prompt.citations(in: writing.text),
      tokenIDs: writing.tokens, promptTokens: promptTokens, reading: nil,
      timing: .init(
        answerSeconds: seconds, promptSeconds: writing.first.map { ($0 - start).seconds } ?? seconds
      ))
  }

  /// Whole millionths, as traces hold them.
  func micro(_ rows: [[Double]]) throws -> [[MicroNats]] {
    try rows.map { row in
      try row.map { nats in
        guard let value = MicroNats(roundingNats: nats) else {
          throw AnswerError.notFinite(model: model.path)
        }
        return value
      }
    }
  }
}
