/// A text, and tokens that might follow some of its tokens: what is asked is how likely they are.
///
/// Unlike a `ScoreRequest` it names no segment to fill: texts that begin alike are computed once, and
/// nothing of them is kept.
package struct ScoredSequence {
  package let tokens: [Int32]
  /// For each target the log-probability of `token` as the one that follows `tokens[row]`.
  package let targets: [ScoreRequest.Target]
  /// The position of the first token.
  package let startPosition: Int
  /// What every token sees before the text itself, in this order.
  package let attending: [KVSegment]
  package let adapters: [LoRAAdapter]

  package init(
    tokens: [Int32], targets: [ScoreRequest.Target], startPosition: Int = 0,
    attending: [KVSegment] = [], adapters: [LoRAAdapter] = []
  ) {
    self.tokens = tokens
    self.targets = targets
    self.startPosition = startPosition
    self.attending = attending
    self.adapters = adapters
  }

  /// Asks for every token of `continuation` after `context`, which has at least one token.
  package init(
    context: [Int32], continuation: [Int32], startPosition: Int = 0, attending: [KVSegment] = [],
    adapters: [LoRAAdapter] = []
  ) {
    precondition(!context.isEmpty, "a continuation follows something")
    self.init(
      tokens: context + continuation.dropLast(),
      targets: continuation.enumerated().map { (row: context.count - 1 + $0, token: $1) },
      startPosition: startPosition, attending: attending, adapters: adapters)
  }
}
