import GGUF
import Kernels

/// The network of an encoder and its buffers, shared by what embeds texts and what ranks them.
///
/// Not safe for use by several threads at once.
final class Encoder {
  let configuration: Configuration
  let features: EncoderFeatures
  let backend: Backend
  let weights: EncoderWeights
  let rope: RopeTable?
  let state: EncoderState

  /// One text: its tokens, and how many of them have the token type 0; the others have type 1.
  struct Sequence {
    let tokens: [Int32]
    let firstTypeCount: Int

    init(_ tokens: [Int32], firstTypeCount: Int? = nil) {
      self.tokens = tokens
      self.firstTypeCount = firstTypeCount ?? tokens.count
    }
  }

  /// Tokens computed together, unless one text alone has more.
  private static let chunkTokens = 256

  /// Reads the layers' weights; what follows them is left in `source` for the caller.
  init(
    _ source: inout TensorSource, _ configuration: Configuration, _ features: EncoderFeatures,
    backend: Backend
  ) throws {
    self.configuration = configuration
    self.features = features
    self.backend = backend
    weights = try EncoderWeights(&source, configuration, features)
    rope = features.rope.map { RopeTable($0, factors: []) }
    state = EncoderState(
      configuration, isGated: features.isGated,
      rows: max(Self.chunkTokens, configuration.contextLength))
  }

  /// Computes all sequences and calls `body` with the index and the rows in `state.x` of each.
  ///
  /// Sequences are computed together without padding, in chunks of bounded size; the bits of one do
  /// not depend on the others. Each has 1 to `contextLength` tokens.
  func encode(_ sequences: [Sequence], _ body: (Int, Range<Int>) -> Void) {
    var first = 0
    while first < sequences.count {
      var end = first
      var rows = 0
      while end < sequences.count,
        end == first || rows + sequences[end].tokens.count <= Self.chunkTokens
      {
        rows += sequences[end].tokens.count
        end += 1
      }
      forward(Array(sequences[first..<end]))
      var row = 0
      for index in first..<end {
        body(index, row..<(row + sequences[index].tokens.count))
        row += sequences[index].tokens.count
      }
      first = end
    }
  }
}
