import Tokenizers

/// Generates text from prompt tokens, one token at a time, as a stream of whole characters.
package struct TextGenerator {
  /// Why a text ended.
  package enum StopReason: String, Sendable {
    /// The model produced an end-of-text or end-of-turn token.
    case endOfText
    case stopText, maximumTokens, contextFull, cancelled
  }

  package struct Result: Sendable {
    package let text: String
    /// The generated tokens, with neither the prompt's nor the one that ended the text.
    package let tokens: [Int32]
    package let stopReason: StopReason
  }

  package let model: LanguageModel
  package var sampler: Sampler
  package var maximumTokens: Int
  /// Texts that end the answer and are not part of it.
  package var stops: [String]

  package init(
    model: LanguageModel, sampler: Sampler = .greedy, maximumTokens: Int = 512, stops: [String] = []
  ) {
    self.model = model
    self.sampler = sampler
    self.maximumTokens = maximumTokens
    self.stops = stops
  }

  /// Appends `prompt` and the answer to `segment`; `onPiece` gets the text as it comes.
  ///
  /// `before` holds the tokens of `attending` as far as the sampler is to know them; `adapters` are those
  /// that they were computed with.
  /// `isCancelled` is asked before every token and before each part of the prompt. Afterwards the
  /// segment holds the prompt and `Result.tokens`, except that the last token may be missing: its
  /// keys and values are computed only when something follows it.
  package mutating func generate(
    prompt: [Int32], segment: KVSegment, attending: [KVSegment] = [], before: [Int32] = [],
    adapters: [LoRAAdapter] = [], isCancelled: () -> Bool = { false },
    onPiece: (String) -> Void = { _ in }
  ) throws -> Result {
    let tokenizer = try model.tokenizer
    guard !prompt.isEmpty else {
      throw InferenceError.invalidRequest("a prompt has at least one token")
    }
    let limit = model.configuration.contextLength
    let needed = segment.nextPosition + prompt.count
    guard needed <= limit else {
      throw InferenceError.contextOverflow(needed: needed, limit: limit)
    }
    var output = Output(stream: TextStream(stops: stops))
    var history = before + prompt
    guard
      var latest = try allButTheEnd(of: prompt, segment, attending, adapters, isCancelled)
    else { return output.finish(.cancelled, onPiece) }
    while true {
      if isCancelled() { return output.finish(.cancelled, onPiece) }
      if output.tokens.count >= maximumTokens { return output.finish(.maximumTokens, onPiece) }
      if segment.nextPosition + latest.count > limit {
        return output.finish(.contextFull, onPiece)
      }
      let token = try model.next(
        after: latest, segment: segment, attending: attending, adapters: adapters
      ) {
        sampler.sample($0, history: history)
      }
      if tokenizer.isEndOfGeneration(token) { return output.finish(.endOfText, onPiece) }
      history.append(token)
      output.append(token, tokenizer.bytes(of: token), onPiece)
      if output.isStopped { return output.finish(.stopText, onPiece) }
      latest = [token]
    }
  }

  /// Computes a long prompt in parts up to a rest that it returns; nil if it was cancelled.
  private func allButTheEnd(
    of prompt: [Int32], _ segment: KVSegment, _ attending: [KVSegment],
    _ adapters: [LoRAAdapter], _ isCancelled: () -> Bool
  ) throws -> [Int32]? {
    var rest = prompt[...]
    while rest.count > LanguageModel.chunkTokens {
      if isCancelled() { return nil }
      let part = Array(rest.prefix(LanguageModel.chunkTokens))
      let request = ForwardRequest(
        tokens: part, segment: segment, attending: attending, outputs: .none, adapters: adapters)
      _ = try model.forward([request])
      rest = rest.dropFirst(part.count)
    }
    return Array(rest)
  }

  /// The answer so far.
  private struct Output {
    var stream: TextStream
    var tokens: [Int32] = []
    var text = ""

    var isStopped: Bool { stream.isStopped }

    mutating func append(_ token: Int32, _ bytes: [UInt8], _ onPiece: (String) -> Void) {
      tokens.append(token)
      emit(stream.append(bytes), onPiece)
    }

    mutating func finish(_ reason: StopReason, _ onPiece: (String) -> Void) -> Result {
      if reason != .stopText { emit(stream.finish(), onPiece) }
      return Result(text: text, tokens: tokens, stopReason: reason)
    }

    private mutating func emit(_ piece: String, _ onPiece: (String) -> Void) {
      guard !piece.isEmpty else { return }
      text += piece
      onPiece(piece)
    }
  }
}
