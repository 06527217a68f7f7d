import Kernels

/// The keys and values of consecutive positions of one context, for every layer.
///
/// A segment is filled by forward requests that name it, and read by requests that attend to it.
/// Any number of requests may share it for reading. Rolling back is `truncate`, forking is `copy`
/// or, without copying anything, a new segment that starts at `nextPosition` and attends to this
/// one. Dropping a segment from a request's list masks its positions: bits do not depend on how the
/// attended positions are cut into segments, only on their order.
///
/// Not safe for use by several threads at once.
package final class KVSegment {
  /// The position of the first token.
  package let startPosition: Int
  /// The tokens whose keys and values are kept.
  package private(set) var tokens: [Int32] = []
  private let layerCount: Int
  let layout: KVLayout
  /// One buffer per layer, each with room for `capacity` positions.
  private var layers: [FloatBuffer] = []
  private var capacity = 0

  init(_ configuration: Configuration, startPosition: Int) {
    precondition(startPosition >= 0)
    self.startPosition = startPosition
    layerCount = configuration.layers
    layout = KVLayout(configuration)
  }

  private init(copying other: KVSegment) {
    startPosition = other.startPosition
    layerCount = other.layerCount
    layout = other.layout
    tokens = other.tokens
    capacity = other.capacity
    let used = layout.floatCount(positions: tokens.count)
    layers = other.layers.map { Self.copied($0, used, room: $0.count) }
  }

  package var count: Int { tokens.count }

  /// The position that the next token will have.
  package var nextPosition: Int { startPosition + count }

  /// Memory of keys and values, in bytes.
  package var byteCount: Int { layers.reduce(0) { $0 + $1.count * 4 } }

  /// Forgets all tokens from index `count` on.
  package func truncate(to count: Int) {
    precondition(count >= 0 && count <= tokens.count, "cannot truncate \(tokens.count) to \(count)")
    tokens.removeLast(tokens.count - count)
  }

  /// A segment with the same contents that continues on its own.
  package func copy() -> KVSegment { KVSegment(copying: self) }

  /// Whether a model of this shape can use the segment.
  func fits(_ configuration: Configuration) -> Bool {
    layerCount == configuration.layers && layout == KVLayout(configuration)
  }

  /// Makes room for `more` positions; memory doubles, so that decoding rarely allocates.
  func reserve(_ more: Int) {
    let needed = count + more
    guard needed > capacity else { return }
    let larger = (max(needed, 2 * capacity) + KVLayout.blockLength - 1) & -KVLayout.blockLength
    let used = layout.floatCount(positions: count)
    let room = layout.floatCount(positions: larger)
    layers =
      layers.isEmpty
      ? (0..<layerCount).map { _ in FloatBuffer(room) }
      : layers.map { Self.copied($0, used, room: room) }
    capacity = larger
    tokens.reserveCapacity(larger)
  }

  /// Notes tokens whose keys and values have been stored in every layer.
  func append(_ new: ArraySlice<Int32>) {
    precondition(count + new.count <= capacity)
    tokens.append(contentsOf: new)
  }

  /// The blocks of a layer, laid out as `KVLayout` says; `reserve` has been called before.
  func base(_ layer: Int) -> UnsafeMutablePointer<Float> { layers[layer].pointer }

  /// What is attended to in a layer: the tokens noted, and `adding` more that are stored already.
  func span(_ layer: Int, adding: Int = 0) -> KVSpan {
    KVSpan(base: base(layer), count: count + adding)
  }

  private static func copied(_ source: FloatBuffer, _ count: Int, room: Int) -> FloatBuffer {
    let copy = FloatBuffer(room)
    copy.pointer.update(from: source.pointer, count: count)
    return copy
  }
}

extension KVLayout {
  init(_ configuration: Configuration) {
    self.init(heads: configuration.keyValueHeads, headDimension: configuration.headDimension)
  }
}
