import CIntrinsics

/// Positions of a block of the softmax, counted over all spans of a request.
///
/// Each is attended to on its own and its partial merged with those before it, in order: the definition
/// of a long context's bits, which leaves scores in the first-level cache and lets threads share a
/// context without changing a bit.
@inline(__always) var attentionBlock: Int { 256 }

/// Floats from one row of scores to the next: room for the lanes of a key block before the first and
/// behind the last position.
@inline(__always) var scoreStride: Int { attentionBlock &+ 2 &* kvBlockPositions }

/// What the rows of a unit found in one block of positions: weighted sums of values, the maximum that the
/// weights are relative to, and the sum of the weights, zero where a row sees no position.
struct AttentionPartial {
  let outputs: UnsafeMutablePointer<Float>  // [row][width]
  let maxima: UnsafeMutablePointer<Float>  // [row]
  let sums: UnsafeMutablePointer<Float>  // [row]

  @inline(__always)
  init(_ memory: UnsafeMutablePointer<Float>, _ shape: ci_attention_shape) {
    outputs = memory
    maxima = memory + shape.set_rows &* padded(shape.head_dimension)
    sums = maxima + padded(shape.set_rows)
  }

  @inline(__always)
  static func floats(_ shape: ci_attention_shape) -> Int {
    shape.set_rows &* padded(shape.head_dimension) &+ 2 &* padded(shape.set_rows)
  }
}

/// A thread's working memory: its queries and what is merged are those of one head of a unit.
struct AttentionScratch {
  let queries: UnsafeMutablePointer<Float>  // [row][width]
  let scores: UnsafeMutablePointer<Float>  // [row][scoreStride], from the block's first position
  let factors: UnsafeMutablePointer<Float>  // [2][row]: what a merge multiplies with
  let widened: UnsafeMutablePointer<Float>  // keys or values of a group
  let merged: AttentionPartial
  let block: AttentionPartial

  @inline(__always)
  init(_ memory: UnsafeMutablePointer<Float>, _ shape: ci_attention_shape, _ head: Int) {
    let heads = shape.unit_heads
    merged = AttentionPartial(memory + head &* AttentionPartial.floats(shape), shape)
    block = AttentionPartial(memory + heads &* AttentionPartial.floats(shape), shape)
    let queryFloats = shape.set_rows &* padded(shape.head_dimension)
    let allQueries = memory + (heads &+ 1) &* AttentionPartial.floats(shape)
    queries = allQueries + head &* queryFloats
    factors = allQueries + heads &* queryFloats
    widened = factors + 2 &* padded(shape.set_rows)
    scores =
      widened + (Self.widenedFloats(shape.head_dimension) &+ kvBlockPositions)
  }

  @inline(__always)
  static func floats(_ shape: ci_attention_shape) -> Int {
    (shape.unit_heads &+ 1) &* AttentionPartial.floats(shape)
      &+ shape.unit_heads &* shape.set_rows &* padded(shape.head_dimension)
      &+ 2 &* padded(shape.set_rows) &+ widenedFloats(shape.head_dimension) &+ kvBlockPositions
      &+ shape.set_rows &* scoreStride
  }

  /// Keys or values of one group: 16 KiB, half a first-level cache, where a head has 64 numbers.
  @inline(__always)
  static func widenedFloats(_ dimension: Int) -> Int { kvGroupPositions &* padded(dimension) }
}

/// The rows of one tile: where their queries, scores and outputs lie.
struct AttentionRows {
  let queries: UnsafePointer<Float>  // [row][width]
  let scores: UnsafeMutablePointer<Float>  // [row][scoreStride]
  let outputs: UnsafeMutablePointer<Float>  // [row][width]
  let count: Int
  let dimension: Int
  let width: Int
}

/// Positions of one tile of a span inside one block of the softmax, counted from the tile's first.
struct KVPiece {
  let base: UnsafeRawPointer  // of the span
  let tile: KVTile
  let first: Int
  let end: Int
  let offset: Int  // of the tile's first position in a row of scores
  let next: KVTile?  // what is read after its values
}

/// Keys of some blocks of a group: [dimension][stride], of which the first lanes are read.
struct KVKeys {
  var base: UnsafeRawPointer
  let stride: Int
  let blocks: Int
  let offset: Int  // in a row of scores
  /// Bytes from each row to what is asked for meanwhile, because it is read next.
  let ahead: Int
}

/// Values of consecutive positions of a tile: [position][width].
struct KVValues {
  var base: UnsafeRawPointer
  let count: Int
  let offset: Int  // in a row of weights
  /// Bytes to what is asked for meanwhile, and how many there are.
  let ahead: Int
  let aheadBytes: Int
}
