/// Shape of the KV memory of one layer of a segment.
///
/// Blocks of 16 positions, each [kv head]{K [dimension][16 positions], V [16 positions][dimension padded
/// to 16]}, every value an IEEE half-precision number in the machine's byte order, rounded to nearest even
/// and saturated at 65504. One flat range of bytes: the first n positions of a longer segment lie in the
/// first `byteCount(positions: n)` bytes. In the last block, positions that are not stored hold anything.
/// Growing is a larger buffer and a copy of what is used; truncating only lowers the count.
package struct KVLayout: Hashable, Sendable {
  package static let blockLength = 16
  package let heads: Int
  package let headDimension: Int

  package init(heads: Int, headDimension: Int) {
    self.heads = heads
    self.headDimension = headDimension
  }

  package var bytesPerBlock: Int {
    2 * Self.blockLength * heads * (headDimension + padded(headDimension))
  }

  /// Bytes of the blocks that hold this many positions.
  package func byteCount(positions: Int) -> Int {
    (positions + Self.blockLength - 1) / Self.blockLength * bytesPerBlock
  }
}
