import Kernels

/// The buffers of one chunk of texts, allocated once and used again; rows are padded to 16 floats.
final class EncoderState {
  let x: FloatBuffer
  let h: FloatBuffer
  let queries: FloatBuffer
  let keys: FloatBuffer
  let values: FloatBuffer
  let attention: FloatBuffer
  let inner: FloatBuffer
  /// The other half of a gated feed-forward network; without a gate it is empty.
  let up: FloatBuffer
  var positions: [Int32]
  /// Keys and values of the chunk's texts in blocks, one layer at a time.
  var cache: KVBuffer
  let width: Int
  let innerWidth: Int

  init(_ c: Configuration, isGated: Bool, rows: Int) {
    width = padded(c.width)
    innerWidth = padded(c.feedForward)
    x = FloatBuffer(rows * width)
    h = FloatBuffer(rows * width)
    queries = FloatBuffer(rows * width)
    keys = FloatBuffer(rows * width)
    values = FloatBuffer(rows * width)
    attention = FloatBuffer(rows * width)
    inner = FloatBuffer(rows * innerWidth)
    up = FloatBuffer(isGated ? rows * innerWidth : 0)
    positions = [Int32](repeating: 0, count: rows)
    cache = KVBuffer(byteCount: 64)
  }
}
