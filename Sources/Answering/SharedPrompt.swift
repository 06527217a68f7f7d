import Inference

/// The keys and values of a prompt in pieces, so that other prompts can go on from where they part.
///
/// A prompt that lacks a passage is the same up to that passage: a piece ends wherever that may be.
/// Bits do not depend on how a prompt is cut. What was computed with other adapters shares nothing with it.
struct SharedPrompt {
  private let tokens: [Int32]
  private let adapters: [LoRAAdapter]
  /// In the order of the prompt, without the last piece: every continuation needs that one anew.
  private let pieces: [KVSegment]
  /// The segment that the rest of the prompt, and what follows it, belong to.
  let last: KVSegment

  /// Computes all of the prompt but its last piece; `check` may end it before every part of it.
  init(
    _ tokens: [Int32], cuts: [Int], model: LanguageModel, adapters: [LoRAAdapter] = [],
    check: () throws -> Void
  ) throws {
    var pieces: [KVSegment] = []
    var start = 0
    for cut in Set(cuts).sorted() where cut > 0 && cut < tokens.count {
      let piece = model.makeSegment(startPosition: start)
      while piece.nextPosition < cut {
        try check()
        let end = min(cut, piece.nextPosition + LanguageModel.chunkTokens)
        let request = ForwardRequest(
          tokens: Array(tokens[piece.nextPosition..<end]), segment: piece, attending: pieces,
          outputs: .none, adapters: adapters)
        _ = try model.forward([request])
      }
      pieces.append(piece)
      start = cut
    }
    self.tokens = tokens
    self.adapters = adapters
    self.pieces = pieces
    last = model.makeSegment(startPosition: start)
  }

  /// Every piece before the last.
  var beforeLast: [KVSegment] { pieces }

  /// The tokens from the last piece on.
  var rest: [Int32] { Array(tokens[last.startPosition...]) }

  /// The pieces that `context` begins with, never all of it.
  func pieces(of context: [Int32]) -> [KVSegment] {
    let common = zip(tokens, context.dropLast()).prefix { $0 == $1 }.count
    return Array(pieces.prefix { $0.nextPosition <= common })
  }

  /// Whether this is the prompt `tokens` with exactly these adapters.
  func isOf(_ tokens: [Int32], adapters: [LoRAAdapter]) -> Bool {
    self.tokens == tokens && hasSame(adapters)
  }

  /// `continuation` after `context`, of which only what this prompt does not have is computed.
  func sequence(
    context: [Int32], continuation: [Int32], adapters: [LoRAAdapter] = []
  ) -> ScoredSequence {
    let pieces = hasSame(adapters) ? pieces(of: context) : []
    let start = pieces.last?.nextPosition ?? 0
    return ScoredSequence(
      context: Array(context[start...]), continuation: continuation, startPosition: start,
      attending: pieces, adapters: adapters)
  }

  private func hasSame(_ adapters: [LoRAAdapter]) -> Bool {
    adapters.map(ObjectIdentifier.init) == self.adapters.map(ObjectIdentifier.init)
  }
}

extension ChatPrompt {
  /// Where prompts without some of the passages part from the one with all: for each passage where
  /// those part that lack it and all later ones, which is the earliest for it.
  var cuts: [Int] {
    let whole = tokens(present: Set(numbered))
    return numbered.indices.map { index in
      let shorter = tokens(present: Set(numbered.prefix(index)))
      return zip(whole, shorter).prefix { $0 == $1 }.count
    }
  }
}
