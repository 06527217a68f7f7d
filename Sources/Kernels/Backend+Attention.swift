import CIntrinsics

extension Backend {
  /// Stores rows of keys and values, rotated already, in the segments' memory of one layer.
  package func storeKV(
    _ writes: [KVWrite], layout: KVLayout, keys: UnsafePointer<Float>, keyStride: Int,
    values: UnsafePointer<Float>, valueStride: Int
  ) {
    let rows = writes.reduce(0) { $0 + $1.rows }
    let count = layout.heads * layout.headDimension
    exclusive(
      KernelShape("storeKV", columns: count, tokens: rows),
      KernelWork(operations: 0, bytes: 12 * rows * count)
    ) {
      let parts = threads == 1 ? writes : writes.flatMap { $0.parts(of: KVLayout.groupLength) }
      team.run(units: parts.count) { unit, _ in
        let write = parts[unit]
        kernels.store_kv(
          keys + write.firstRow * keyStride, values + write.firstRow * valueStride, keyStride,
          valueStride, write.rows, layout.heads, layout.headDimension, write.base, write.position,
          write.capacity)
      }
    }
  }

  /// Attention of a batch of sequences: output[row][head] = softmax(scale * q K) V.
  ///
  /// With `softCap` c, a score s is c * tanh(s / c) before the softmax. Work is shared by (sequence, kv
  /// head, set of rows), and by blocks of positions where there are too few of those; for a few rows, as in
  /// decoding, by (sequence, the kv heads of a thread). Bits do not depend on how the same positions are
  /// cut into spans, nor on what else is in the batch.
  package func attention(
    _ requests: [AttentionRequest], layout: KVLayout, queryHeads: Int, scale: Float,
    softCap: Float? = nil, queries: UnsafePointer<Float>, queryStride: Int,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    precondition(queryHeads % layout.heads == 0, "query heads are a multiple of kv heads")
    precondition(softCap.map { $0 > 0 } ?? true, "a soft-cap is positive")
    exclusive(
      KernelShape(
        "attention", rows: queryHeads, columns: layout.headDimension,
        tokens: requests.reduce(0) { $0 + $1.rows }),
      attentionWork(requests, layout, queryHeads)
    ) {
      let tileRows = max(1, min(kernels.attention_tile_rows, tileLimit))
      let rows = requests.reduce(1) { max($0, $1.rows) } * queryHeads / layout.heads
      // A few rows wait for memory, and heads lie side by side: a thread goes through all of its own at once.
      let streams = rows <= tileRows && layout.heads % threads == 0
      var shape = ci_attention_shape(
        queries: queries, output: output, query_stride: queryStride, output_stride: outputStride,
        query_heads: queryHeads, kv_heads: layout.heads, head_dimension: layout.headDimension,
        scale: scale, soft_cap: softCap ?? 0, tile_rows: tileRows,
        set_rows: min(tileRows * Self.tilesPerSet, rows),
        unit_heads: streams ? layout.heads / threads : 1)
      withUnsafePointer(to: &shape) { AttentionPlan(self, requests, $0).run() }
    }
  }

  /// Tiles that share keys and values widened to float32: widening costs half as much as one tile's
  /// products, and the scores of 96 rows and a block stay in the second-level cache.
  private static let tilesPerSet = 16

  private func attentionWork(
    _ requests: [AttentionRequest], _ layout: KVLayout, _ queryHeads: Int
  ) -> KernelWork {
    KernelWork(
      operations: 4 * queryHeads * layout.headDimension * requests.reduce(0) { $0 + $1.pairs },
      bytes: 4 * layout.heads * layout.headDimension
        * requests.reduce(0) { $0 + $1.seenPositions })
  }
}

/// One call's sequences as the kernels read them, and how the work is cut into units.
private struct AttentionPlan {
  private let backend: Backend
  private let shape: UnsafePointer<ci_attention_shape>
  private let requests: UnsafeMutablePointer<ci_attention_request>
  private let count: Int
  private let scratch: UnsafeMutableRawPointer
  private let scratchBytes: Int

  init(
    _ backend: Backend, _ wanted: [AttentionRequest], _ shape: UnsafePointer<ci_attention_shape>
  ) {
    self.backend = backend
    self.shape = shape
    count = wanted.count
    let spanCount = wanted.reduce(0) { $0 + $1.attended.count + 1 }
    let requestBytes = count * MemoryLayout<ci_attention_request>.stride
    let memory = backend.jobs.reserve(requestBytes + spanCount * MemoryLayout<ci_span>.stride)
    requests = memory.bindMemory(to: ci_attention_request.self, capacity: count)
    var spans = (memory + requestBytes).bindMemory(to: ci_span.self, capacity: spanCount)
    for (i, request) in wanted.enumerated() {
      requests[i] = ci_attention_request(
        first_row: request.firstRow, rows: request.rows, causal: request.causal ? 1 : 0,
        window: request.window ?? 0, span_count: request.attended.count + 1,
        total: request.positions, spans: spans)
      for span in request.attended {
        spans.pointee = ci_span(
          base: span.base, count: span.count, capacity: span.capacity, position: span.position)
        spans += 1
      }
      let own = request.own
      spans.pointee = ci_span(
        base: own.base, count: own.count, capacity: own.capacity, position: own.position)
      spans += 1
    }
    scratchBytes = (4 * backend.kernels.attention_scratch(shape) + 127) & ~127
    scratch = backend.attentionRows.reserve(scratchBytes * backend.threads)
  }

  func run() {
    var units = 0
    var split = 0
    for i in 0..<count {
      units += unitCount(i)
      split += unitCount(i) * blocks(i)
    }
    if backend.threads > 1, shape.pointee.unit_heads == 1, units < 4 * backend.threads,
      split > units
    {
      runByBlocks(units, split)
    } else {
      backend.team.run(units: units) { index, thread in
        let (i, rest) = locate(index, unitCount)
        var unit = unit(i, rest)
        backend.kernels.attend(shape, requests + i, &unit, scratch(thread))
      }
    }
  }

  /// Every block of positions is a unit of its own; a second region merges their partials.
  private func runByBlocks(_ units: Int, _ split: Int) {
    let floats = backend.kernels.attention_partial(shape)
    let partials = backend.attentionPartials.reserve(4 * floats * split)
      .assumingMemoryBound(to: Float.self)
    backend.team.run(units: split) { index, thread in
      let (i, rest) = locate(index) { unitCount($0) * blocks($0) }
      var unit = unit(i, rest / blocks(i))
      unit.first_block = rest % blocks(i)
      unit.blocks = 1
      unit.partials = partials + index * floats
      backend.kernels.attend(shape, requests + i, &unit, scratch(thread))
    }
    backend.team.run(units: units) { index, thread in
      let (i, rest) = locate(index, unitCount)
      var unit = unit(i, rest)
      var first = rest * blocks(i)
      for earlier in 0..<i { first += unitCount(earlier) * blocks(earlier) }
      unit.partials = partials + first * floats
      backend.kernels.merge_attention(shape, requests + i, &unit, scratch(thread))
    }
  }

  /// The request that the index falls to, and the index inside it, when each has `size` of them.
  private func locate(_ index: Int, _ size: (Int) -> Int) -> (Int, Int) {
    var rest = index
    var i = 0
    while rest >= size(i) {
      rest -= size(i)
      i += 1
    }
    return (i, rest)
  }

  private func unit(_ i: Int, _ index: Int) -> ci_attention_unit {
    let sets = sets(i)
    // Sets outside, heads inside: a thread's units are rows that it has computed before.
    let (set, heads) = index.quotientAndRemainder(dividingBy: headUnits)
    return ci_attention_unit(
      kv_head: heads * shape.pointee.unit_heads, first_row: sets.start(set), rows: sets.size(set),
      first_block: 0, blocks: blocks(i), partials: nil)
  }

  private func scratch(_ thread: Int) -> UnsafeMutablePointer<Float> {
    (scratch + thread * scratchBytes).assumingMemoryBound(to: Float.self)
  }

  private func sets(_ i: Int) -> TileSplit {
    let group = shape.pointee.query_heads / shape.pointee.kv_heads
    return TileSplit(requests[i].rows * group, limit: shape.pointee.set_rows)
  }

  private func unitCount(_ i: Int) -> Int { sets(i).count * headUnits }

  private var headUnits: Int { shape.pointee.kv_heads / shape.pointee.unit_heads }

  private func blocks(_ i: Int) -> Int {
    let length = backend.kernels.attention_block
    return (requests[i].total + length - 1) / length
  }
}
