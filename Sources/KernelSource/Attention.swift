// KV memory of a segment and layer: blocks of 16 positions, each [kv head]{K [dimension][16 positions],
// V [16 positions][dimension padded to 16]}.
import CIntrinsics

/// Floats of one kv head in one block: K and V.
@inline(__always)
func headFloats(_ dimension: Int) -> Int { 16 &* (dimension &+ padded(dimension)) }

@inline(never)
func storeKV(
  _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ keyStride: Int,
  _ valueStride: Int, _ rows: Int, _ heads: Int, _ dimension: Int,
  _ base: UnsafeMutablePointer<Float>, _ position: Int
) {
  let perHead = headFloats(dimension)
  for row in 0..<rows {
    let lane = (position &+ row) & 15
    let block = base + ((position &+ row) &>> 4) &* heads &* perHead
    for h in 0..<heads {
      let k = block + h &* perHead
      let v = k + (16 &* dimension &+ lane &* padded(dimension))
      let fromK = keys + (row &* keyStride &+ h &* dimension)
      let fromV = values + (row &* valueStride &+ h &* dimension)
      for d in 0..<dimension { k[d &* 16 &+ lane] = fromK[d] }
      for d in 0..<dimension { v[d] = fromV[d] }
    }
  }
}

/// One tile of query rows of one kv head.
///
/// Rows are (query, head of the group) pairs: row r is query
/// r / g and head r % g, so that the heads that share keys and values also share their loads.
@inline(never)
func attend(
  _ shape: UnsafePointer<ci_attention_shape>, _ request: UnsafePointer<ci_attention_request>,
  _ kvHead: Int, _ firstRow: Int, _ rows: Int, _ scratch: UnsafeMutablePointer<Float>
) {
  let job = AttentionJob(shape.pointee, request.pointee, kvHead, firstRow, rows, scratch)
  job.gatherQueries()
  switch rows {
  case 6: AttentionTile<6>.run(job)
  case 5: AttentionTile<5>.run(job)
  case 4: AttentionTile<4>.run(job)
  case 3: AttentionTile<3>.run(job)
  case 2: AttentionTile<2>.run(job)
  default: AttentionTile<1>.run(job)
  }
  job.scatterOutputs()
}

/// Where the rows of one tile are read from and written to.
struct AttentionJob {
  let shape: ci_attention_shape
  let request: ci_attention_request
  let kvHead: Int
  let firstRow: Int
  let rows: Int
  let group: Int
  let width: Int
  let queries: UnsafeMutablePointer<Float>  // [row][width]
  let outputs: UnsafeMutablePointer<Float>  // [row][width]
  let inverses: UnsafeMutablePointer<Float>  // [row], padded: 1 / sum of exponentials
  let scores: UnsafeMutablePointer<Float>  // [row][scoreStride]
  let scoreStride: Int

  @inline(__always)
  init(
    _ shape: ci_attention_shape, _ request: ci_attention_request, _ kvHead: Int, _ firstRow: Int,
    _ rows: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    self.shape = shape
    self.request = request
    self.kvHead = kvHead
    self.firstRow = firstRow
    self.rows = rows
    group = shape.query_heads / shape.kv_heads
    width = padded(shape.head_dimension)
    queries = scratch
    outputs = scratch + rows &* width
    inverses = scratch + 2 &* rows &* width
    scores = inverses + 16
    scoreStride = padded(request.total) &+ 48
  }

  /// Positions that a row sees: all of them, less the causal future of its own segment.
  @inline(__always)
  func visible(_ row: Int) -> Int {
    if request.causal == 0 { return request.total }
    return request.total &- request.rows &+ (firstRow &+ row) / group &+ 1
  }

  @inline(__always)
  func token(_ row: Int) -> Int { request.first_row &+ (firstRow &+ row) / group }

  @inline(__always)
  func column(_ row: Int) -> Int {
    (kvHead &* group &+ (firstRow &+ row) % group) &* shape.head_dimension
  }

  func gatherQueries() {
    for row in 0..<rows {
      let from = shape.queries + (token(row) &* shape.query_stride &+ column(row))
      for d in 0..<shape.head_dimension { queries[row &* width &+ d] = from[d] }
      for d in 0..<width { outputs[row &* width &+ d] = 0 }
    }
  }

  func scatterOutputs() {
    for row in 0..<rows {
      let to = shape.output + (token(row) &* shape.output_stride &+ column(row))
      let inverse = inverses[row]
      for d in 0..<shape.head_dimension { to[d] = outputs[row &* width &+ d] * inverse }
    }
  }

  /// K of one block of a span; V lies 16 * dimension floats behind it.
  @inline(__always)
  func block(_ base: UnsafePointer<Float>, _ index: Int) -> UnsafePointer<Float> {
    base + (index &* shape.kv_heads &+ kvHead) &* headFloats(shape.head_dimension)
  }
}
