import CIntrinsics

extension AttentionJob {
  /// Attends to one block of positions; false if no row sees any of them, and nothing is written then.
  func attend(_ block: Int, _ partial: AttentionPartial) -> Bool {
    let start = block &* attentionBlock
    let end = min(start &+ attentionBlock, visible(rows &- 1))
    var isSeen = false
    eachPiece(start, end) { piece in
      isSeen = true
      eachGroup(piece) { index, keys in
        if tiles.count == 1 {
          score(tile(0, partial), keys, StoredElements.self)
        } else {
          scoreWidened(keys, piece, index, start, partial)
        }
      }
    }
    if !isSeen { return false }
    for index in 0..<tiles.count { weighTile(index, start, end, partial) }
    for i in 0..<rows &* width { partial.outputs[i] = 0 }
    eachPiece(start, end) { piece in
      eachChunk(piece) { values in
        if tiles.count == 1 {
          accumulate(tile(0, partial), values, StoredElements.self)
          askForRest(values)
        } else {
          accumulateWidened(values, start, partial)
        }
      }
    }
    return true
  }

  /// Calls `body` for the positions `start ..< end` span by span and tile by tile, without those that the
  /// whole unit's window hides.
  @inline(__always)
  private func eachPiece(_ start: Int, _ end: Int, _ body: (KVPiece) -> Void) {
    var spanStart = 0
    for index in 0..<request.span_count {
      if spanStart >= end { return }
      let span = request.spans[index]
      var first = max(start &- spanStart, hidden(0, span))
      let last = min(end &- spanStart, span.count)
      while first < last {
        let number = first / kvTilePositions
        let tileStart = number &* kvTilePositions
        let tileEnd = min(tileStart &+ kvTilePositions, last)
        body(
          KVPiece(
            base: span.base, tile: tile(number, kvHead, span), first: first &- tileStart,
            end: tileEnd &- tileStart, offset: spanStart &+ tileStart &- start,
            next: next(number, span)))
        first = tileEnd
      }
      spanStart &+= span.count
    }
  }

  /// What is read after a tile of a head: the same one of the next head of the unit, or the next one.
  @inline(__always)
  private func next(_ number: Int, _ span: ci_span) -> KVTile? {
    if isFollowed { return tile(number, kvHead &+ 1, span) }
    let isLast = (number &+ 1) &* kvTilePositions >= span.count
    return isLast ? nil : tile(number &+ 1, unitHead, span)
  }

  @inline(__always)
  private func tile(_ number: Int, _ head: Int, _ span: ci_span) -> KVTile {
    KVTile(
      number, capacity: span.capacity, heads: shape.kv_heads, head: head, dimension: dimension)
  }

  /// Calls `body` with the number of each group of a piece and its keys.
  @inline(__always)
  private func eachGroup(_ piece: KVPiece, _ body: (Int, KVKeys) -> Void) {
    var first = piece.first & ~15
    while first < piece.end {
      let index = first / kvGroupPositions
      let group = piece.tile.group(index)
      let end = min((index &+ 1) &* kvGroupPositions, piece.end)
      let keys = KVKeys(
        base: piece.base + (group.keys &+ 2 &* (first & (kvGroupPositions &- 1))),
        stride: group.stride, blocks: (end &- first &+ 15) / 16, offset: piece.offset &+ first,
        ahead: ahead(end, piece) &- group.keys)
      body(index, keys)
      first = end
    }
  }

  /// Calls `body` for the values of a piece, as many at a time as a group has.
  @inline(__always)
  private func eachChunk(_ piece: KVPiece, _ body: (KVValues) -> Void) {
    let bytes = 2 &* kvGroupPositions &* width
    var first = piece.first
    while first < piece.end {
      let end = min(first &+ kvGroupPositions, piece.end)
      let base = piece.tile.values &+ 2 &* first &* width
      var (next, nextBytes) = (base &+ bytes, bytes)
      if end == piece.end {
        next = piece.next?.keys ?? base
        nextBytes = piece.next.map { 2 &* $0.group(0).stride &* dimension } ?? 0
      }
      body(
        KVValues(
          base: piece.base + base, count: end &- first, offset: piece.offset &+ first,
          ahead: next &- base, aheadBytes: nextBytes))
      first = end
    }
  }

  /// What follows few values has not all been asked for beside them.
  @inline(__always)
  private func askForRest(_ values: KVValues) {
    var place = 2 &* values.count &* width
    while place < values.aheadBytes {
      ci_prefetch_near(values.base + (place &+ values.ahead))
      place &+= 64
    }
  }

  /// What is read after the keys of a piece before position `end`: more keys, or its values.
  @inline(__always)
  private func ahead(_ end: Int, _ piece: KVPiece) -> Int {
    end < piece.end
      ? piece.tile.group(end / kvGroupPositions).keys
      : piece.tile.values &+ 2 &* piece.first &* width
  }

  @inline(__always)
  private func tile(_ index: Int, _ partial: AttentionPartial) -> AttentionRows {
    let row = tiles.start(index)
    return AttentionRows(
      queries: queries + row &* width, scores: scratch.scores + row &* scoreStride,
      outputs: partial.outputs + row &* width, count: tiles.size(index), dimension: dimension,
      width: width)
  }

  /// How many positions of a row of scores the last row of a tile sees, from the block's first.
  @inline(__always)
  private func seen(_ index: Int, _ start: Int) -> Int {
    visible(tiles.start(index) &+ tiles.size(index) &- 1) &- start
  }

  /// Scores of all tiles from the keys of a group, which are widened once.
  private func scoreWidened(
    _ keys: KVKeys, _ piece: KVPiece, _ group: Int, _ start: Int, _ partial: AttentionPartial
  ) {
    let first = piece.base + piece.tile.group(group).keys
    widen(first, keys.stride &* dimension, keys.ahead)
    let skipped = (keys.base - first) / 2
    for index in 0..<tiles.count {
      let blocks = min(keys.blocks, (seen(index, start) &- keys.offset &+ 15) / 16)
      if blocks <= 0 { continue }
      let wide = KVKeys(
        base: UnsafeRawPointer(scratch.widened + skipped), stride: keys.stride, blocks: blocks,
        offset: keys.offset, ahead: 0)
      score(tile(index, partial), wide, WidenedElements.self)
    }
  }

  private func accumulateWidened(
    _ values: KVValues, _ start: Int, _ partial: AttentionPartial
  ) {
    widen(values.base, values.count &* width, values.ahead)
    for index in 0..<tiles.count {
      let count = min(values.count, seen(index, start) &- values.offset)
      if count <= 0 { continue }
      let wide = KVValues(
        base: UnsafeRawPointer(scratch.widened), count: count, offset: values.offset, ahead: 0,
        aheadBytes: 0)
      accumulate(tile(index, partial), wide, WidenedElements.self)
    }
  }

  /// Float32 of `count` values, a multiple of 16, in the scratch.
  @inline(__always)
  private func widen(_ from: UnsafeRawPointer, _ count: Int, _ ahead: Int) {
    var i = 0
    while i < count {
      if i & 16 == 0 { ci_prefetch_near(from + (2 &* i &+ ahead)) }
      store(ci_f16(from + 2 &* i), scratch.widened, i)
      i &+= 16
    }
  }

  /// Caps a row's scores and sets those outside its window to minus infinity.
  @inline(__always)
  private func finishScores(_ row: Int, _ start: Int, _ end: Int) {
    let scores = scratch.scores + row &* scoreStride
    if shape.soft_cap > 0 {
      let cap = ci_splat(shape.soft_cap)
      let inverse = ci_splat(1 / shape.soft_cap)
      var i = 0
      while i < end &- start {
        let x = load(scores, i) * ci_splat(shape.scale)
        store(cap * hyperbolicTangent(x * inverse), scores, i)
        i &+= 16
      }
    }
    if request.window == 0 { return }
    var spanStart = 0
    for index in 0..<request.span_count {
      if spanStart >= end { return }
      let span = request.spans[index]
      let last = min(end, spanStart &+ hidden(row, span)) &- start
      var i = max(spanStart &- start, 0)
      while i < last {
        scores[i] = -.infinity
        i &+= 1
      }
      spanStart &+= span.count
    }
  }

  /// Turns the scores of a tile's rows into weights, of as many positions for each as its last row sees.
  @inline(__always)
  private func weighTile(_ index: Int, _ start: Int, _ end: Int, _ partial: AttentionPartial) {
    let first = tiles.start(index)
    let behind = first &+ tiles.size(index)
    let count = padded(seen(behind &- 1, start, end))
    // All maxima first: one row's reduction then hides behind the next row's loads.
    for row in first..<behind {
      finishScores(row, start, end)
      hideUnseen(row, seen(row, start, end), count)
      findMaximum(row, count, partial)
    }
    for row in first..<behind { weigh(row, count, partial) }
  }

  /// Positions of a block that a row sees.
  @inline(__always)
  private func seen(_ row: Int, _ start: Int, _ end: Int) -> Int {
    max(min(visible(row), end) &- start, 0)
  }

  /// Scores behind those that a row sees become minus infinity.
  @inline(__always)
  private func hideUnseen(_ row: Int, _ seen: Int, _ count: Int) {
    let scores = scratch.scores + row &* scoreStride
    var i = seen & ~15
    while i < count {
      let inside = ci_first_lanes(Int32(truncatingIfNeeded: seen &- i))
      store(ci_select(inside, load(scores, i), ci_splat(-.infinity)), scores, i)
      i &+= 16
    }
  }

  /// The largest of the first `count` scores of a row, times the factor.
  @inline(__always)
  private func findMaximum(_ row: Int, _ count: Int, _ partial: AttentionPartial) {
    let scores = scratch.scores + row &* scoreStride
    var largest = ci_splat(-.infinity)
    var i = 0
    while i < count {
      largest = ci_max(load(scores, i), largest)
      i &+= 16
    }
    partial.maxima[row] = ci_largest(largest) * factor
  }

  /// Turns the first `count` scores of a row into weights, zero where it sees nothing.
  @inline(__always)
  private func weigh(_ row: Int, _ count: Int, _ partial: AttentionPartial) {
    let scores = scratch.scores + row &* scoreStride
    let maximum = ci_splat(-partial.maxima[row])
    var sum = ci_splat(0)
    var i = 0
    while i &+ 64 <= count {
      let weights: InlineArray<4, f32x16> = weights(scores, i, maximum)
      for j in 0..<4 {
        sum = sum + weights[j]
        store(weights[j], scores, i &+ 16 &* j)
      }
      i &+= 64
    }
    while i < count {
      let weights: InlineArray<1, f32x16> = weights(scores, i, maximum)
      sum = sum + weights[0]
      store(weights[0], scores, i)
      i &+= 16
    }
    partial.sums[row] = laneSum(sum)
  }

  /// The weights of the scores from `i` on; `maximum` is the row's largest score, negated.
  @inline(__always)
  private func weights<let N: Int>(
    _ scores: UnsafePointer<Float>, _ i: Int, _ maximum: f32x16
  ) -> InlineArray<N, f32x16> {
    let scores: InlineArray<N, f32x16> = loads(scores, i)
    let e = exponentialsUpTo88(mapped(scores) { ci_fma($0, ci_splat(factor), maximum) })
    return mapped(scores, e) {
      ci_select(ci_greater($0, ci_splat(-.infinity)), $1, ci_splat(0))
    }
  }
}
