import CIntrinsics

/// Attends with the rows of a unit to its blocks of positions.
///
/// Rows are (query, head of the group) pairs: row r is query r / g and head r % g, so that the heads that
/// share keys and values also share their loads. Definition of the bits, for each row on its own:
///
/// - a score is one chain over the dimension; with a soft-cap it becomes `cap * tanh(score * scale / cap)`;
/// - the positions of all spans, in their order, are cut into blocks of `attentionBlock`. Within a block the
///   weights are `e^(score * factor - m)` with m = maximum * factor, 0 where the row may not look; their sum has sixteen lanes
///   over the position, and an output is one chain over the positions;
/// - blocks are merged in order (`merge`), those in which the row sees nothing left out.
///
/// A unit of several heads goes through them block by block: they lie side by side, so that a context is
/// read front to back.
///
/// So bits depend neither on where spans are cut, nor on the rows of the same unit, nor on the threads. A
/// hidden position may share a chain because its weight is +0 and changes nothing: values are finite, and
/// no sum is ever -0, since the least weight (e^-87) times the least half (2^-24) does not round to zero.
@inline(never)
func attend(
  _ shape: ci_attention_shape, _ request: ci_attention_request, _ unit: ci_attention_unit,
  _ memory: UnsafeMutablePointer<Float>
) {
  if unit.partials != nil { return attendForLater(shape, request, unit, memory) }
  let heads = 0..<shape.unit_heads
  if unit.blocks == 1 {
    // Every row sees its own position, and merging a block with nothing gives the block, bit for bit.
    for head in heads {
      let job = AttentionJob(shape, request, unit, memory, head)
      job.gatherQueries()
      _ = job.attend(unit.first_block, job.scratch.merged)
      job.scatterOutputs()
    }
    return
  }
  for head in heads {
    let job = AttentionJob(shape, request, unit, memory, head)
    job.gatherQueries()
    job.clear()
  }
  for i in 0..<unit.blocks {
    for head in heads {
      let job = AttentionJob(shape, request, unit, memory, head)
      if job.attend(unit.first_block &+ i, job.scratch.block) { job.merge(job.scratch.block) }
    }
  }
  for head in heads { AttentionJob(shape, request, unit, memory, head).scatterOutputs() }
}

/// Leaves a partial for each block.
@inline(__always)
private func attendForLater(
  _ shape: ci_attention_shape, _ request: ci_attention_request, _ unit: ci_attention_unit,
  _ memory: UnsafeMutablePointer<Float>
) {
  let job = AttentionJob(shape, request, unit, memory)
  job.gatherQueries()
  for i in 0..<unit.blocks {
    let partial = AttentionPartial(unit.partials + i &* AttentionPartial.floats(shape), shape)
    if !job.attend(unit.first_block &+ i, partial) {
      for row in 0..<job.rows { partial.sums[row] = 0 }
    }
  }
}

/// Merges the partials that `attend` left for all blocks of a unit.
@inline(never)
func mergeAttention(
  _ shape: ci_attention_shape, _ request: ci_attention_request, _ unit: ci_attention_unit,
  _ memory: UnsafeMutablePointer<Float>
) {
  let job = AttentionJob(shape, request, unit, memory)
  job.clear()
  for i in 0..<unit.blocks {
    job.merge(AttentionPartial(unit.partials + i &* AttentionPartial.floats(shape), shape))
  }
  job.scatterOutputs()
}

/// The rows of one head of a unit: what they see, and where they are read from and written to.
struct AttentionJob {
  let shape: ci_attention_shape
  let request: ci_attention_request
  let unitHead: Int
  let kvHead: Int
  /// Whether the next head of the same unit reads the same positions next.
  let isFollowed: Bool
  let firstRow: Int
  let rows: Int
  let tiles: TileSplit
  let group: Int
  let dimension: Int
  let width: Int
  let scratch: AttentionScratch
  /// [row][width]: where they are, if they lie so, or gathered in the scratch.
  let queries: UnsafePointer<Float>
  let areQueriesInPlace: Bool
  /// What turns a difference of scores into an exponent.
  let factor: Float

  @inline(__always)
  init(
    _ shape: ci_attention_shape, _ request: ci_attention_request, _ unit: ci_attention_unit,
    _ memory: UnsafeMutablePointer<Float>, _ head: Int = 0
  ) {
    self.shape = shape
    self.request = request
    unitHead = unit.kv_head
    kvHead = unit.kv_head &+ head
    isFollowed = head &+ 1 < shape.unit_heads
    firstRow = unit.first_row
    rows = unit.rows
    tiles = TileSplit(unit.rows, limit: shape.tile_rows)
    group = shape.query_heads / shape.kv_heads
    dimension = shape.head_dimension
    width = padded(shape.head_dimension)
    scratch = AttentionScratch(memory, shape, head)
    let column = unit.first_row % group
    areQueriesInPlace = column &+ unit.rows <= group && width == dimension
    queries =
      areQueriesInPlace
      ? shape.queries
        + ((request.first_row &+ unit.first_row / group) &* shape.query_stride
          &+ (kvHead &* group &+ column) &* dimension)
      : UnsafePointer(scratch.queries)
    factor = shape.soft_cap > 0 ? 1 : shape.scale
  }

  @inline(__always)
  func query(_ row: Int) -> Int { (firstRow &+ row) / group }

  /// Calls `body(row, token, column)` for each row: the token in the batch, and the column where its head begins.
  @inline(__always)
  private func eachRow(_ body: (Int, Int, Int) -> Void) {
    // Counted, since divisions are slow.
    var token = request.first_row &+ query(0)
    let firstColumn = kvHead &* group &* dimension
    let end = firstColumn &+ group &* dimension
    var column = firstColumn &+ firstRow % group &* dimension
    for row in 0..<rows {
      body(row, token, column)
      column &+= dimension
      if column == end {
        column = firstColumn
        token &+= 1
      }
    }
  }

  /// Positions that a row sees at most, counted over all spans: the causal future is at the end.
  @inline(__always)
  func visible(_ row: Int) -> Int {
    if request.causal == 0 { return request.total }
    return request.total &- request.rows &+ query(row) &+ 1
  }

  /// Positions at the beginning of a span that lie outside a row's window.
  @inline(__always)
  func hidden(_ row: Int, _ span: ci_span) -> Int {
    if request.window == 0 { return 0 }
    let own = request.spans[request.span_count &- 1]
    let position = own.position &+ own.count &- request.rows &+ query(row)
    return min(max(position &- request.window &+ 1 &- span.position, 0), span.count)
  }

  func gatherQueries() {
    if areQueriesInPlace { return }
    eachRow { row, token, column in
      let from = shape.queries + (token &* shape.query_stride &+ column)
      let to = scratch.queries + row &* width
      var d = 0
      while d &+ 16 <= dimension {
        store(load(from, d), to, d)
        d &+= 16
      }
      while d < dimension {
        to[d] = from[d]
        d &+= 1
      }
    }
  }

  func scatterOutputs() {
    eachRow { row, token, column in
      let to = shape.output + (token &* shape.output_stride &+ column)
      let from = scratch.merged.outputs + row &* width
      let inverse = 1 / scratch.merged.sums[row]
      for d in 0..<dimension { to[d] = from[d] * inverse }
    }
  }

  func clear() {
    for i in 0..<rows &* width { scratch.merged.outputs[i] = 0 }
    for row in 0..<padded(rows) {
      scratch.merged.maxima[row] = -.infinity
      scratch.merged.sums[row] = 0
    }
  }

  /// Adds a block to the blocks before it: with M = max(M, m), every sum is scaled to the new maximum.
  func merge(_ partial: AttentionPartial) {
    let (merged, factors) = (scratch.merged, scratch.factors)
    var row = 0
    while row < rows {
      let old = load(merged.maxima, row)
      let new = load(partial.maxima, row)
      let sees = ci_greater(load(partial.sums, row), ci_splat(0))
      let maximum = ci_select(sees, ci_max(new, old), old)
      let scale = exponential(old - maximum)
      let weight = exponential(new - maximum)
      let sum = ci_fma(load(merged.sums, row), scale, load(partial.sums, row) * weight)
      store(scale, factors, row)
      store(weight, factors, padded(rows) &+ row)
      store(maximum, merged.maxima, row)
      store(ci_select(sees, sum, load(merged.sums, row)), merged.sums, row)
      row &+= 16
    }
    for row in 0..<rows where partial.sums[row] > 0 {
      let scale = ci_splat(factors[row])
      let weight = ci_splat(factors[padded(rows) &+ row])
      var i = row &* width
      while i < (row &+ 1) &* width {
        store(
          ci_fma(load(merged.outputs, i), scale, load(partial.outputs, i) * weight), merged.outputs,
          i)
        i &+= 16
      }
    }
  }
}
