/// Rows of keys and values to be stored in one segment.
package struct KVWrite {
  let base: UnsafeMutableRawPointer
  let capacity: Int
  let position: Int
  let firstRow: Int
  let rows: Int

  /// `capacity`: positions that `base` has room for; `position`: the index in the segment of row
  /// `firstRow` of the batch.
  package init(
    base: UnsafeMutableRawPointer, capacity: Int, position: Int, firstRow: Int, rows: Int
  ) {
    precondition(position + rows <= capacity && capacity % KVLayout.blockLength == 0)
    self.base = base
    self.capacity = capacity
    self.position = position
    self.firstRow = firstRow
    self.rows = rows
  }

  /// The same rows in parts that end where `positions` divides the position: no two share a group of positions.
  func parts(of positions: Int) -> [KVWrite] {
    let end = position + rows
    return (position / positions...max(position, end - 1) / positions).map { part in
      let first = max(position, part * positions)
      return KVWrite(
        base: base, capacity: capacity, position: first, firstRow: firstRow + first - position,
        rows: min(end, (part + 1) * positions) - first)
    }
  }
}

/// The first `count` positions of a segment, in the memory of one layer.
package struct KVSpan {
  let base: UnsafeRawPointer
  let capacity: Int
  let count: Int
  let position: Int

  /// `capacity`: positions that `base` has room for; `position`: of the first entry, in the context; only
  /// windows ask for it.
  package init(base: UnsafeRawPointer, capacity: Int, count: Int, position: Int = 0) {
    precondition(count <= capacity && capacity % KVLayout.blockLength == 0)
    self.base = base
    self.capacity = capacity
    self.count = count
    self.position = position
  }
}

/// The queries of one sequence and what they attend to.
///
/// Every query sees all of `attended`. In `own`, whose last positions are the queries' own, a causal query
/// sees the positions up to itself, otherwise all. With a window, a query at position p sees of all this
/// only what lies at positions beyond p - window.
package struct AttentionRequest {
  let firstRow: Int
  let rows: Int
  let attended: [KVSpan]
  let own: KVSpan
  let causal: Bool
  let window: Int?

  package init(
    firstRow: Int, rows: Int, attended: [KVSpan], own: KVSpan, causal: Bool = true,
    window: Int? = nil
  ) {
    precondition(rows <= own.count, "the queries' own keys are stored before they attend")
    precondition(window.map { $0 > 0 } ?? true, "a window holds the query's own position")
    self.firstRow = firstRow
    self.rows = rows
    self.attended = attended
    self.own = own
    self.causal = causal
    self.window = window
  }

  var positions: Int { attended.reduce(own.count) { $0 + $1.count } }

  /// Pairs of a query and a position that it sees.
  var pairs: Int {
    (0..<rows).reduce(0) { sum, row in
      let future = causal ? rows - 1 - row : 0
      return sum + (attended + [own]).reduce(-future) { $0 + $1.count - hidden(row, $1) }
    }
  }

  /// Positions that some query sees.
  var seenPositions: Int {
    (attended + [own]).reduce(0) { $0 + $1.count - hidden(0, $1) }
  }

  private func hidden(_ row: Int, _ span: KVSpan) -> Int {
    guard let window else { return 0 }
    let position = own.position + own.count - rows + row
    return min(max(position - window + 1 - span.position, 0), span.count)
  }
}
