/// Shape of the KV memory of one layer of a segment.
///
/// Blocks of 16 positions, each [kv head]{K [dimension][16 positions], V [16 positions][dimension padded to
/// 16]}. Growing is a larger buffer and a copy of what is used; copying a segment copies
/// `floatCount(positions:)` floats; truncating only lowers the count.
package struct KVLayout: Hashable, Sendable {
  package static let blockLength = 16
  package let heads: Int
  package let headDimension: Int

  package init(heads: Int, headDimension: Int) {
    self.heads = heads
    self.headDimension = headDimension
  }

  package var floatsPerBlock: Int { 16 * heads * (headDimension + padded(headDimension)) }

  /// Floats of the blocks that hold this many positions.
  package func floatCount(positions: Int) -> Int { (positions + 15) / 16 * floatsPerBlock }
}

/// Rows of keys and values to be stored in one segment.
package struct KVWrite {
  let base: UnsafeMutablePointer<Float>
  let position: Int
  let firstRow: Int
  let rows: Int

  /// `position`: the index in the segment of row `firstRow` of the batch.
  package init(base: UnsafeMutablePointer<Float>, position: Int, firstRow: Int, rows: Int) {
    self.base = base
    self.position = position
    self.firstRow = firstRow
    self.rows = rows
  }
}

/// The first `count` positions of a segment, in the memory of one layer.
package struct KVSpan {
  let base: UnsafePointer<Float>
  let count: Int

  package init(base: UnsafePointer<Float>, count: Int) {
    self.base = base
    self.count = count
  }
}

/// The queries of one sequence and what they attend to.
///
/// Every query sees all of `attended`. In `own`, whose last positions are the queries' own, a causal query
/// sees the positions up to itself, otherwise all.
package struct AttentionRequest {
  let firstRow: Int
  let rows: Int
  let attended: [KVSpan]
  let own: KVSpan
  let causal: Bool

  package init(
    firstRow: Int, rows: Int, attended: [KVSpan], own: KVSpan, causal: Bool = true
  ) {
    precondition(rows <= own.count, "the queries' own keys are stored before they attend")
    self.firstRow = firstRow
    self.rows = rows
    self.attended = attended
    self.own = own
    self.causal = causal
  }
}
