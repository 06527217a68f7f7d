/// Shape of the KV memory of one layer of a segment.
///
/// Tiles of 256 positions, the last one of what is left of the capacity, each [kv head]{K in groups of 64
/// positions, the tile's last one of what is left, [dimension][positions of the group]; V [position][dimension
/// padded to 16]}, every value an IEEE half-precision number in the machine's byte order, rounded to nearest
/// even and saturated at 65504: what decoding reads lies front to back. One flat range of bytes. Positions
/// that are not stored hold anything. Truncating only lowers the count; another capacity is another layout
/// of the last tile, to which `copy` brings it.
package struct KVLayout: Hashable, Sendable {
  /// What a capacity is a multiple of.
  package static let blockLength = 16
  static let groupLength = 64
  private static let tileLength = 256
  package let heads: Int
  package let headDimension: Int

  package init(heads: Int, headDimension: Int) {
    self.heads = heads
    self.headDimension = headDimension
  }

  /// The least capacity that holds this many positions.
  package static func capacity(positions: Int) -> Int {
    (positions + blockLength - 1) & -blockLength
  }

  /// Bytes of the least capacity that holds this many positions.
  package func byteCount(positions: Int) -> Int {
    Self.capacity(positions: positions) * heads * headBytes
  }

  /// Copies the first `count` positions between memories of different capacities.
  ///
  /// The memories may be one and the same.
  package func copy(
    _ count: Int, from: UnsafeRawPointer, capacity: Int, to: UnsafeMutableRawPointer,
    capacity newCapacity: Int
  ) {
    for first in stride(from: 0, to: count, by: Self.tileLength) {
      let start = first * heads * headBytes
      let part = TileCopy(
        layout: self, count: min(count - first, Self.tileLength), from: from + start,
        size: min(capacity - first, Self.tileLength), to: to + start,
        newSize: min(newCapacity - first, Self.tileLength))
      part.run()
    }
  }

  /// Bytes of a position in one head.
  fileprivate var headBytes: Int { 2 * (headDimension + padded(headDimension)) }
}

/// Moves the first positions of a tile between two sizes, in the order of addresses or against it, so that
/// nothing is overwritten before it has been moved.
private struct TileCopy {
  let layout: KVLayout
  let count: Int
  let from: UnsafeRawPointer
  let size: Int
  let to: UnsafeMutableRawPointer
  let newSize: Int

  func run() {
    if size == newSize {
      if UnsafeRawPointer(to) != from { move(0, 0, size * layout.heads * layout.headBytes) }
      return
    }
    for head in ordered(layout.heads) {
      let (start, newStart) = (head * size * layout.headBytes, head * newSize * layout.headBytes)
      if newSize > size { values(start, newStart) }
      let groups = (count + KVLayout.groupLength - 1) / KVLayout.groupLength
      for group in ordered(groups) { keys(group, start, newStart) }
      if newSize < size { values(start, newStart) }
    }
  }

  private func keys(_ group: Int, _ start: Int, _ newStart: Int) {
    let first = group * KVLayout.groupLength
    let inside = 2 * first * layout.headDimension
    let (row, newRow) = (
      2 * min(size - first, KVLayout.groupLength), 2 * min(newSize - first, KVLayout.groupLength)
    )
    if row == newRow {
      return move(start + inside, newStart + inside, row * layout.headDimension)
    }
    for d in ordered(layout.headDimension) {
      move(start + inside + d * row, newStart + inside + d * newRow, min(row, newRow))
    }
  }

  private func values(_ start: Int, _ newStart: Int) {
    let d = layout.headDimension
    move(start + 2 * size * d, newStart + 2 * newSize * d, 2 * count * padded(d))
  }

  /// Backwards where the tile grows.
  private func ordered(_ count: Int) -> StrideTo<Int> {
    newSize > size
      ? stride(from: count - 1, to: -1, by: -1) : stride(from: 0, to: count, by: 1)
  }

  private func move(_ start: Int, _ newStart: Int, _ bytes: Int) {
    (to + newStart).copyMemory(from: from + start, byteCount: bytes)
  }
}
