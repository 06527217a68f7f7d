/// Tokens to compute, the segment that keeps their keys and values, and what they attend to.
///
/// Each token attends to everything in `attending`, then to what `segment` held before, then to the
/// request's tokens up to itself. The result does not depend on which other requests are in a batch.
package struct ForwardRequest {
  /// The tokens after which logits are wanted.
  package enum Outputs: Sendable, Equatable {
    case none, last, all
    /// Indices into the request's tokens, each once, in any order.
    case rows([Int])
  }

  package let tokens: [Int32]
  /// The segment that grows; no other request of the batch may use it.
  package let segment: KVSegment
  /// Read only, in this order; may be shared by any number of requests.
  ///
  /// One that an earlier request of the batch appends to is read with what that request appends.
  package let attending: [KVSegment]
  package let outputs: Outputs
  /// Changes of the model that these tokens see, added in this order; at most two.
  package let adapters: [LoRAAdapter]

  package init(
    tokens: [Int32], segment: KVSegment, attending: [KVSegment] = [], outputs: Outputs = .last,
    adapters: [LoRAAdapter] = []
  ) {
    self.tokens = tokens
    self.segment = segment
    self.attending = attending
    self.outputs = outputs
    self.adapters = adapters
  }
}

/// Like a `ForwardRequest`, but it asks how likely given tokens are instead of for logits.
package struct ScoreRequest {
  package typealias Target = (row: Int, token: Int32)

  package let tokens: [Int32]
  /// For each target the log-probability of `token` as the one that follows `tokens[row]`.
  package let targets: [Target]
  package let segment: KVSegment
  package let attending: [KVSegment]
  package let adapters: [LoRAAdapter]

  package init(
    tokens: [Int32], targets: [Target], segment: KVSegment, attending: [KVSegment] = [],
    adapters: [LoRAAdapter] = []
  ) {
    self.tokens = tokens
    self.targets = targets
    self.segment = segment
    self.attending = attending
    self.adapters = adapters
  }
}
