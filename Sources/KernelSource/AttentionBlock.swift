import CIntrinsics

extension AttentionJob {
  /// Attends to one block of positions; false if no row sees any of them, and nothing is written then.
  func attend(_ block: Int, _ partial: AttentionPartial) -> Bool {
    let start = block &* attentionBlock
    let end = min(start &+ attentionBlock, visible(rows &- 1))
    var isSeen = false
    eachPiece(start, end) { piece in
      isSeen = true
      if tiles.count == 1 {
        scoreStored(piece, start, partial)
      } else {
        scoreWidened(piece, start, partial)
      }
    }
    if !isSeen { return false }
    for index in 0..<tiles.count { weighTile(index, start, end, partial) }
    for i in 0..<rows &* width { partial.outputs[i] = 0 }
    eachPiece(start, end) { piece in
      if tiles.count == 1 {
        accumulate(tile(0, partial), piece, piece.end, StoredElements.self)
      } else {
        accumulateWidened(piece, start, partial)
      }
    }
    return true
  }

  /// Calls `body` for the positions `start ..< end` span by span, without those that the whole unit's
  /// window hides.
  @inline(__always)
  private func eachPiece(_ start: Int, _ end: Int, _ body: (KVPiece) -> Void) {
    var spanStart = 0
    for index in 0..<request.span_count {
      if spanStart >= end { return }
      let span = request.spans[index]
      let first = max(start &- spanStart, hidden(0, span))
      let last = min(end &- spanStart, span.count)
      if first < last { body(piece(span, first, last, spanStart &- start)) }
      spanStart &+= span.count
    }
  }

  /// The positions `first ..< last` of a span whose position 0 has the score at `offset`.
  @inline(__always)
  private func piece(_ span: ci_span, _ first: Int, _ last: Int, _ offset: Int) -> KVPiece {
    let stride = shape.kv_heads &* headBytes(dimension)
    let skipped = first & ~15
    let keys =
      span.base + ((first &>> 4) &* stride &+ kvHead &* headBytes(dimension))
    let ahead = ahead(span, first / kvBlockPositions)
    return KVPiece(
      keys: keys, keyStride: stride, values: keys + keyBytes(dimension), valueStride: stride,
      first: first &- skipped, end: last &- skipped, offset: offset &+ skipped,
      keysAhead: ahead.keys, valuesAhead: ahead.values)
  }

  /// How far ahead of a key block of a span its unit asks for keys and values, in bytes.
  ///
  /// A unit of several heads asks for what the next head reads in their place, or its first head in the next
  /// block of positions; a unit of one head only a few key blocks ahead.
  @inline(__always)
  private func ahead(_ span: ci_span, _ block: Int) -> (keys: Int, values: Int) {
    let (bytes, heads) = (headBytes(dimension), shape.kv_heads)
    if shape.unit_heads == 1 { return (4 &* heads &* bytes, 2 &* heads &* bytes) }
    if isFollowed { return (bytes, bytes) }
    let next = attentionBlock / kvBlockPositions
    if kvBlockPositions &* (block &+ next) >= span.count { return (0, 0) }
    let distance = (next &* heads &- shape.unit_heads &+ 1) &* bytes
    return (distance, distance)
  }

  @inline(__always)
  private func tile(_ index: Int, _ partial: AttentionPartial) -> AttentionRows {
    let row = tiles.start(index)
    return AttentionRows(
      queries: scratch.queries + row &* width, scores: scratch.scores + row &* scoreStride,
      outputs: partial.outputs + row &* width, count: tiles.size(index), dimension: dimension,
      width: width)
  }

  /// The end of the piece for a tile, whose last row sees the most.
  @inline(__always)
  private func end(_ piece: KVPiece, _ index: Int, _ start: Int) -> Int {
    let last = tiles.start(index) &+ tiles.size(index) &- 1
    return min(piece.end, visible(last) &- start &- piece.offset)
  }

  private func scoreStored(_ piece: KVPiece, _ start: Int, _ partial: AttentionPartial) {
    score(tile(0, partial), piece, (piece.end &+ 15) / 16, StoredElements.self)
  }

  /// Scores of all tiles, a few key blocks at a time, which are widened once.
  private func scoreWidened(_ piece: KVPiece, _ start: Int, _ partial: AttentionPartial) {
    eachPart(piece) { part, blocks in
      widen(part.keys, part.keyStride, 16 &* dimension, blocks)
      var wide = part
      wide.keys = UnsafeRawPointer(scratch.widened)
      wide.keyStride = 64 &* dimension
      for index in 0..<tiles.count {
        let end = end(part, index, start)
        if end > part.first {
          score(tile(index, partial), wide, (end &+ 15) / 16, WidenedElements.self)
        }
      }
    }
  }

  private func accumulateWidened(_ piece: KVPiece, _ start: Int, _ partial: AttentionPartial) {
    eachPart(piece) { part, blocks in
      widen(part.values, part.valueStride, 16 &* width, blocks)
      var wide = part
      wide.values = UnsafeRawPointer(scratch.widened)
      wide.valueStride = 64 &* width
      for index in 0..<tiles.count {
        let end = end(part, index, start)
        if end > part.first {
          accumulate(tile(index, partial), wide, end, WidenedElements.self)
        }
      }
    }
  }

  /// Cuts a piece where the scratch for widened blocks is full.
  @inline(__always)
  private func eachPart(_ piece: KVPiece, _ body: (KVPiece, Int) -> Void) {
    let limit = AttentionScratch.widenedBlocks(dimension)
    var block = 0
    while 16 &* block < piece.end {
      let end = min(piece.end &- 16 &* block, 16 &* limit)
      let part = KVPiece(
        keys: piece.keys + block &* piece.keyStride, keyStride: piece.keyStride,
        values: piece.values + block &* piece.valueStride, valueStride: piece.valueStride,
        first: block == 0 ? piece.first : 0, end: end, offset: piece.offset &+ 16 &* block,
        keysAhead: piece.keysAhead, valuesAhead: piece.valuesAhead)
      body(part, (end &+ 15) / 16)
      block &+= limit
    }
  }

  /// Float32 of blocks of `count` values each, one behind the other in the scratch.
  ///
  /// The next block, which lies behind those of the other heads, is asked for meanwhile.
  @inline(__always)
  private func widen(_ from: UnsafeRawPointer, _ stride: Int, _ count: Int, _ blocks: Int) {
    for b in 0..<blocks {
      let block = from + b &* stride
      let to = scratch.widened + b &* count
      var i = 0
      while i < count {
        if i & 16 == 0 { ci_prefetch_near(block + (stride &+ 2 &* i)) }
        store(ci_f16(block + 2 &* i), to, i)
        i &+= 16
      }
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
