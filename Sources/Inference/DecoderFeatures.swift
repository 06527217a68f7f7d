/// What decoders of different families do differently; one forward pass computes every combination.
///
/// Common to all: RMS norms before attention and feed-forward, rotary positions, grouped-query
/// attention, a gated feed-forward network, one norm before the output matrix.
package struct DecoderFeatures: Sendable, Equatable {
  /// The function that the gate goes through.
  package enum Activation: Sendable, Equatable {
    /// x / (1 + e^-x).
    case silu
    /// GELU in its approximation by tanh.
    case geluTanh
  }

  /// The rotation in every layer, or in those without a window if `localRope` is given.
  package var rope: Rope
  /// The rotation in the layers that have a window; nil where it is that of all layers.
  package var localRope: Rope?
  package var window: Window?
  /// What products of queries and keys are multiplied by.
  package var attentionScale: Float
  /// Attention scores s become cap * tanh(s / cap) before the softmax.
  package var attentionSoftCap: Float?
  /// The same for logits.
  package var finalSoftCap: Float?
  /// What a token's embedding is multiplied by.
  package var embeddingScale: Float = 1
  package var activation = Activation.silu
  /// Queries, keys and values have a bias.
  package var hasQueryKeyValueBias = false
  /// Each head of queries and keys goes through an RMS norm before it is rotated.
  package var hasQueryKeyNorm = false
  /// The outputs of attention and feed-forward go through an RMS norm before they are added to x.
  package var hasPostNorms = false
  /// The file holds query, key and value rows as one tensor, and gate and up rows as another.
  package var hasFusedTensors = false

  /// The common form: every feature off, scores divided by the square root of the head's length.
  init(rope: Rope, headDimension: Int) {
    self.rope = rope
    attentionScale = 1 / Float(headDimension).squareRoot()
  }

  /// Sliding-window attention (https://arxiv.org/abs/2004.05150): a query at position p of a windowed
  /// layer sees keys at positions above p - `length`.
  package struct Window: Sendable, Equatable {
    package let length: Int
    /// By layer, whether it has the window.
    package let isLocal: [Bool]
  }

  /// The window of a layer, nil where all positions are seen.
  package func window(ofLayer layer: Int) -> Int? {
    guard let window, window.isLocal[layer] else { return nil }
    return window.length
  }
}

/// Rotary position embedding (https://arxiv.org/abs/2104.09864).
package struct Rope: Sendable, Equatable {
  package var frequencyBase: Float
  /// How many leading numbers of each head are rotated; the others stay as they are.
  package var rotated: Int
  /// Positions are divided by it (linear scaling); 1 for most models.
  package var positionScale: Float = 1
  /// Pairs are neighbours (2i, 2i + 1); otherwise (i, i + rotated / 2).
  package var isInterleaved: Bool
  /// Cosines and sines are multiplied by it; 1 for most models.
  package var magnitude: Float = 1
  /// The tensor that divides each pair's frequency, nil for none.
  package var factors: String?
}
