import Kernels

/// The buffers of one chunk of a forward pass, allocated once and used again for every chunk.
///
/// Each holds `rows` rows; names follow the paper's formulas. Row lengths are padded to 16 floats.
final class DecoderState {
  /// The residual stream.
  let x: FloatBuffer
  /// A normed copy of `x`, and what is about to be added to it.
  let h: FloatBuffer
  let queries: FloatBuffer
  let keys: FloatBuffer
  let values: FloatBuffer
  let attention: FloatBuffer
  let gate: FloatBuffer
  let up: FloatBuffer
  let logits: FloatBuffer
  /// Rows of logits computed together: bounded, because a vocabulary is long.
  let logitRows: Int
  var positions: [Int32]
  let strides: Strides
  /// What adapters compute: down · input, and up · that; none while no adapter was used.
  private(set) var adapterDown = FloatBuffer(0)
  private(set) var adapterUp = FloatBuffer(0)
  private(set) var adapterStride = 0
  /// Floats of `adapterUp` that belong to one row, enough for the widest matrix.
  ///
  /// Parts of a chunk may be at different matrices at the same time: where a row's floats lie must not
  /// depend on the matrix.
  var adapterWidth: Int {
    max(strides.width, strides.query, strides.keyValue, strides.feedForward)
  }

  /// Distances between rows, in floats.
  struct Strides {
    let width: Int
    let query: Int
    let keyValue: Int
    let feedForward: Int
    let vocabulary: Int

    init(_ c: Configuration) {
      width = padded(c.width)
      query = padded(c.queryWidth)
      keyValue = padded(c.keyValueWidth)
      feedForward = padded(c.feedForward)
      vocabulary = padded(c.vocabulary)
    }
  }

  init(_ c: Configuration, rows: Int) {
    let s = Strides(c)
    strides = s
    logitRows = min(rows, max(16, (1 << 20) / s.vocabulary))
    x = FloatBuffer(rows * s.width)
    h = FloatBuffer(rows * s.width)
    queries = FloatBuffer(rows * s.query)
    keys = FloatBuffer(rows * s.keyValue)
    values = FloatBuffer(rows * s.keyValue)
    attention = FloatBuffer(rows * s.query)
    gate = FloatBuffer(rows * s.feedForward)
    up = FloatBuffer(rows * s.feedForward)
    logits = FloatBuffer(logitRows * s.vocabulary)
    positions = [Int32](repeating: 0, count: rows)
  }

  /// Makes room for adapters of up to this rank.
  func reserve(rank: Int, rows: Int) {
    guard padded(rank) > adapterStride else { return }
    adapterStride = padded(rank)
    adapterDown = FloatBuffer(rows * adapterStride)
    adapterUp = FloatBuffer(rows * adapterWidth)
  }
}
