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
  /// Buffers, for every thread its own once several have been used.
  private var states: [EncoderState] = []

  /// One text: its tokens, and how many of them have the token type 0; the others have type 1.
  struct Sequence {
    let tokens: [Int32]
    let firstTypeCount: Int

    init(_ tokens: [Int32], firstTypeCount: Int? = nil) {
      self.tokens = tokens
      self.firstTypeCount = firstTypeCount ?? tokens.count
    }

    /// The number of tokens of each of its texts.
    var textCounts: [Int] {
      [firstTypeCount, tokens.count - firstTypeCount].filter { $0 > 0 }
    }
  }

  /// The last layer's vectors of a text's tokens, valid while `encode` calls with them.
  struct Output {
    let x: UnsafePointer<Float>
    let rows: Int
    /// Floats from one row to the next.
    let stride: Int
  }

  /// Tokens computed together, unless one text alone has more.
  private static let chunkTokens = 256
  /// The same where several threads each compute their own.
  private static let sharedTokens = 128

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
    states = [makeState()]
  }

  /// Computes all sequences and returns what `body` makes of each, in their order.
  ///
  /// Sequences are computed together without padding, in chunks of bounded size; the bits of one do
  /// not depend on the others. Each has 1 to `contextLength` tokens. Where there are enough of them,
  /// every thread computes chunks of its own from beginning to end, and calls `body` for them.
  func encode<Result: Sendable>(_ sequences: [Sequence], _ body: (Output) -> Result) -> [Result] {
    rope?.reserve(positions: sequences.reduce(0) { max($0, $1.tokens.count) })
    let chunks = chunks(of: sequences)
    if chunks.count < backend.threads {
      return chunks.flatMap { compute(sequences[$0], backend, states[0]).map(body) }
    }
    while states.count < backend.threads { states.append(makeState()) }
    let results = backend.divide(units: chunks.count) { index, worker, thread in
      compute(sequences[chunks[index]], worker, states[thread]).map(body)
    }
    return results.flatMap { $0 }
  }

  private func compute(
    _ sequences: ArraySlice<Sequence>, _ backend: Backend, _ state: EncoderState
  ) -> [Output] {
    EncoderPass(self, backend, state).run(sequences)
    var row = 0
    return sequences.map { sequence in
      defer { row += sequence.tokens.count }
      return Output(
        x: UnsafePointer(state.x.pointer) + row * state.width, rows: sequence.tokens.count,
        stride: state.width)
    }
  }

  /// Sequences that are computed together.
  ///
  /// Several threads get several chunks each, so that all end at about the same time, but none so short
  /// that reading the weights outweighs the products.
  private func chunks(of sequences: [Sequence]) -> [Range<Int>] {
    let total = sequences.reduce(0) { $0 + $1.tokens.count }
    let share = (total + 4 * backend.threads - 1) / (4 * backend.threads)
    let limit = backend.threads == 1 ? Self.chunkTokens : min(max(share, 64), Self.sharedTokens)
    var chunks: [Range<Int>] = []
    var first = 0
    var rows = 0
    for (index, sequence) in sequences.enumerated() {
      if index > first, rows + sequence.tokens.count > limit {
        chunks.append(first..<index)
        (first, rows) = (index, 0)
      }
      rows += sequence.tokens.count
    }
    if first < sequences.count { chunks.append(first..<sequences.count) }
    return chunks
  }

  private func makeState() -> EncoderState {
    EncoderState(
      configuration, isGated: features.isGated,
      rows: max(Self.chunkTokens, configuration.contextLength))
  }
}
