/// What encoders of different families do differently; one forward pass computes every combination.
///
/// Common to all: attention in both directions, and layer norms after what is added.
package struct EncoderFeatures: Sendable, Equatable {
  /// What represents a text.
  package enum Pooling: Sendable, Equatable {
    /// The mean of all tokens' vectors.
    case mean
    /// The first token's vector.
    case first
    /// A number computed from the first token's vector: how well two texts match.
    case rank
    /// Numbers computed from every token's vector: how well each sentence of a passage answers.
    case sentences
  }

  package var pooling: Pooling
  /// Rotary positions; nil for positions that are learned and added to the embedding.
  package var rope: Rope?
  /// Matrices have biases.
  package var hasBiases = true
  /// The file holds query, key and value rows as one tensor.
  package var hasFusedTensors = false
  /// The feed-forward network has a gate: down · (silu(gate · x) * (up · x)) instead of down · gelu(up · x).
  package var isGated = false
  /// The number of layers, from the first, in which two texts read together do not see each other.
  ///
  /// Above 0, the second text's positions begin at 0 as well.
  package var separateLayers = 0
}
