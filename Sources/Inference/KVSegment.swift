import Kernels

/// The keys and values of consecutive positions of one context, for every layer.
///
/// A segment is filled by forward requests that name it, and read by requests that attend to it.
/// Any number of requests may share it for reading. Rolling back is `truncate`, forking is `copy`
/// or, without copying anything, a new segment that starts at `nextPosition` and attends to this
/// one. Dropping a segment from a request's list masks its positions: bits do not depend on how the
/// attended positions are cut into segments, only on their order.
///
/// Its memory is one flat range of bytes for each layer, laid out as `KVLayout` says, which may also lie
/// in memory of somebody else's, such as a mapped file: such a segment is read in place, and copied by the
/// first request that appends to it.
///
/// Not safe for use by several threads at once.
package final class KVSegment {
  /// The position of the first token.
  package let startPosition: Int
  /// The tokens whose keys and values are kept.
  package private(set) var tokens: [Int32] = []
  private let layerCount: Int
  let layout: KVLayout
  /// All layers, each with room for `room` positions; none while `borrowed` is read.
  ///
  /// One buffer, because that is large enough for huge pages sooner.
  private var layers: KVBuffer?
  private var room = 0
  /// What the memory of every layer is laid out for: no more than is needed by the tokens and those that
  /// are about to follow, because then it is read front to back.
  private(set) var capacity = 0
  private var borrowed: Borrowed?
  /// Whether memory was damaged when it was copied from its owner.
  private var hasCopiedDamage = false
  /// Whether no token attended to another segment or saw an adapter, so that keys and values follow from
  /// the tokens.
  package private(set) var isSelfContained = true

  /// Memory that `owner` keeps alive and unchanged.
  private struct Borrowed {
    let layers: [UnsafeRawPointer]
    let owner: any KVMemory
  }

  init(_ configuration: Configuration, startPosition: Int) {
    precondition(startPosition >= 0)
    self.startPosition = startPosition
    layerCount = configuration.layers
    layout = KVLayout(configuration)
  }

  /// A segment of `tokens` whose keys and values lie in memory that `owner` keeps alive and unchanged.
  ///
  /// `layers` holds for each layer the `byteCount(of:positions:)` bytes that `withBytes` gave, or more.
  /// They must come from the same engine and model: nothing here can check them.
  package init(
    _ configuration: Configuration, startPosition: Int, tokens: [Int32],
    layers: [UnsafeRawBufferPointer], owner: any KVMemory
  ) {
    precondition(startPosition >= 0)
    self.startPosition = startPosition
    self.tokens = tokens
    layerCount = configuration.layers
    layout = KVLayout(configuration)
    let needed = layout.byteCount(positions: tokens.count)
    precondition(layers.count == layerCount && layers.allSatisfy { $0.count >= needed })
    capacity = KVLayout.capacity(positions: tokens.count)
    if needed > 0 {
      borrowed = Borrowed(layers: layers.map { $0.baseAddress! }, owner: owner)
    }
  }

  private init(copying other: KVSegment, room: Int) {
    startPosition = other.startPosition
    layerCount = other.layerCount
    layout = other.layout
    tokens = other.tokens
    isSelfContained = other.isSelfContained
    capacity = KVLayout.capacity(positions: other.count)
    layers = other.copiedLayers(room: room, capacity: capacity)
    hasCopiedDamage = other.isDamaged
    self.room = room
  }

  /// Whether borrowed memory was lost: what was computed from it is void.
  package var isDamaged: Bool { hasCopiedDamage || borrowed?.owner.isDamaged ?? false }

  package var count: Int { tokens.count }

  /// The position that the next token will have.
  package var nextPosition: Int { startPosition + count }

  /// Memory of keys and values, in bytes, borrowed or not.
  package var byteCount: Int {
    layerCount * layout.byteCount(positions: borrowed == nil ? room : capacity)
  }

  /// Bytes of `positions` positions in one layer of a model.
  package static func byteCount(of configuration: Configuration, positions: Int) -> Int {
    KVLayout(configuration).byteCount(positions: positions)
  }

  /// The stored bytes of a layer, valid during the call: `byteCount(of:positions:)` of `count` positions,
  /// laid out for the least capacity that holds them.
  ///
  /// Positions behind the last one in its block hold zeros, or what was truncated.
  package func withBytes<R>(
    layer: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    let bytes = layout.byteCount(positions: count)
    if bytes == 0 { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    defer { withExtendedLifetime(self) {} }
    let least = KVLayout.capacity(positions: count)
    if least == capacity {
      return try body(UnsafeRawBufferPointer(start: memory(layer), count: bytes))
    }
    let copy = KVBuffer(byteCount: bytes)
    defer { withExtendedLifetime(copy) {} }
    layout.copy(count, from: memory(layer), capacity: capacity, to: copy.pointer, capacity: least)
    return try body(UnsafeRawBufferPointer(start: copy.pointer, count: bytes))
  }

  /// Forgets all tokens from index `count` on.
  package func truncate(to count: Int) {
    precondition(count >= 0 && count <= tokens.count, "cannot truncate \(tokens.count) to \(count)")
    tokens.removeLast(tokens.count - count)
  }

  /// A segment with the same contents that continues on its own.
  package func copy() -> KVSegment {
    KVSegment(
      copying: self, room: borrowed == nil ? room : KVLayout.capacity(positions: count))
  }

  /// Whether a model of this shape can use the segment.
  func fits(_ configuration: Configuration) -> Bool {
    layerCount == configuration.layers && layout == KVLayout(configuration)
  }

  /// Makes room for `more` positions; memory doubles, so that decoding rarely allocates.
  func reserve(_ more: Int) {
    let needed = KVLayout.capacity(positions: count + more)
    if layers == nil || needed > room {
      let room = max(needed, 2 * room)
      layers = copiedLayers(room: room, capacity: needed)
      hasCopiedDamage = isDamaged
      borrowed = nil
      self.room = room
      tokens.reserveCapacity(room)
    } else if needed > capacity || needed + Self.tolerated < capacity {
      for layer in 0..<layerCount {
        layout.copy(
          count, from: base(layer), capacity: capacity, to: base(layer), capacity: needed)
      }
    } else {
      return
    }
    capacity = needed
  }

  /// By how many positions the memory may be laid out for more than it holds, after truncation: who goes
  /// back and forth by a few does not move it each time.
  private static let tolerated = 64

  /// Notes tokens whose keys and values have been stored in every layer.
  ///
  /// `selfContained`: whether they attended to no other segment and saw no adapter.
  func append(_ new: ArraySlice<Int32>, selfContained: Bool) {
    precondition(count + new.count <= capacity)
    if !selfContained { isSelfContained = false }
    tokens.append(contentsOf: new)
  }

  /// The memory of a layer, for storing at the end; `reserve` has been called before.
  func base(_ layer: Int) -> UnsafeMutableRawPointer {
    layers!.pointer + layer * layout.byteCount(positions: room)
  }

  /// What is attended to in a layer: the tokens noted, and `adding` more that are stored already.
  func span(_ layer: Int, adding: Int = 0) -> KVSpan {
    KVSpan(
      base: memory(layer), capacity: capacity, count: count + adding, position: startPosition)
  }

  private func memory(_ layer: Int) -> UnsafeRawPointer {
    borrowed?.layers[layer] ?? UnsafeRawPointer(base(layer))
  }

  /// A buffer with room for `room` positions in each layer, with what is stored laid out for `capacity`.
  private func copiedLayers(room: Int, capacity newCapacity: Int) -> KVBuffer {
    let size = layout.byteCount(positions: room)
    let copy = KVBuffer(byteCount: layerCount * size)
    if count > 0 {
      for layer in 0..<layerCount {
        layout.copy(
          count, from: memory(layer), capacity: capacity, to: copy.pointer + layer * size,
          capacity: newCapacity)
      }
    }
    return copy
  }
}

/// What keeps memory that a segment borrows.
package protocol KVMemory: AnyObject {
  /// Whether the memory may no longer hold what it did.
  var isDamaged: Bool { get }
}

extension KVLayout {
  init(_ configuration: Configuration) {
    self.init(heads: configuration.keyValueHeads, headDimension: configuration.headDimension)
  }
}
