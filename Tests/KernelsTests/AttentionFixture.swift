@testable import Kernels

/// Keys and values of one sequence, the queries of its last rows, and how they attend.
struct AttentionFixture {
  let layout: KVLayout
  let queryHeads: Int
  let keys: [Float]
  let values: [Float]
  let queries: [Float]
  let positions: Int
  let rows: Int
  var causal = true
  var window: Int?
  var softCap: Float?
  let scale: Float

  var width: Int { layout.heads * layout.headDimension }
  var queryWidth: Int { queryHeads * layout.headDimension }

  init(
    _ seed: UInt64, dimension: Int, heads: Int, group: Int, positions: Int, rows: Int,
    outliers: Bool = true
  ) {
    var numbers = Numbers(seed)
    layout = KVLayout(heads: heads, headDimension: dimension)
    queryHeads = heads * group
    self.positions = positions
    self.rows = rows
    func floats(_ count: Int) -> [Float] {
      outliers ? numbers.floats(count) : (0..<count).map { _ in numbers.float() }
    }
    keys = floats(positions * heads * dimension)
    values = floats(positions * heads * dimension)
    queries = floats(rows * heads * group * dimension)
    scale = outliers ? 0.02 : 1
  }

  /// The reference of one row and head; `starts` gives the position of each entry in the context.
  func reference(row: Int, head: Int, starts: [Int]? = nil) -> AttentionReference {
    let d = layout.headDimension
    let kv = head / (queryHeads / layout.heads)
    func part(_ x: [Float], _ row: Int, _ width: Int, _ h: Int) -> [Float] {
      Array(x[row * width + h * d..<row * width + (h + 1) * d])
    }
    let places = starts ?? Array(0..<positions)
    let own = positions - rows + row
    return AttentionReference(
      query: part(queries, row, queryWidth, head),
      keys: (0..<positions).map { part(keys, $0, width, kv) },
      values: (0..<positions).map { part(values, $0, width, kv) }, scale: scale,
      softCap: softCap,
      sees: (0..<positions).map {
        (!causal || $0 <= own) && places[$0] > places[own] - (window ?? 1 << 40)
      })
  }

  func exact() -> [Float] {
    (0..<rows).flatMap { row in
      (0..<queryHeads).flatMap { reference(row: row, head: $0).exact() }
    }
  }

  /// The attention with the positions cut into segments at `cuts`, in memory that held something else.
  ///
  /// The last cut lies before the rows. `starts` gives the position of each segment's first entry.
  func run(_ backend: Backend, cuts: [Int] = [], starts: [Int]? = nil) -> [Float] {
    let bounds = [0] + cuts + [positions]
    // Room as it happens to be: more than is needed for every second one.
    func capacity(_ index: Int) -> Int {
      KVLayout.capacity(positions: bounds[index + 1] - bounds[index] + index % 2 * 40)
    }
    let buffers = (0...cuts.count).map { index in
      let buffer = KVBuffer(byteCount: layout.byteCount(positions: capacity(index)))
      // Not a number in every place that nothing is stored to.
      buffer.pointer.initializeMemory(as: UInt8.self, repeating: 0xFF, count: buffer.byteCount)
      return buffer
    }
    let (k, v, q) = (FloatBuffer(keys), FloatBuffer(values), FloatBuffer(queries))
    defer { withExtendedLifetime((k, v, q, buffers)) {} }
    let writes = buffers.enumerated().map { i, buffer in
      KVWrite(
        base: buffer.pointer, capacity: capacity(i), position: 0, firstRow: bounds[i],
        rows: bounds[i + 1] - bounds[i])
    }
    backend.storeKV(
      writes, layout: layout, keys: k.pointer, keyStride: width, values: v.pointer,
      valueStride: width)
    let spans = buffers.enumerated().map { i, buffer in
      KVSpan(
        base: buffer.pointer, capacity: capacity(i), count: bounds[i + 1] - bounds[i],
        position: starts?[i] ?? bounds[i])
    }
    let output = FloatBuffer(rows * queryWidth)
    let request = AttentionRequest(
      firstRow: 0, rows: rows, attended: Array(spans.dropLast()), own: spans.last!,
      causal: causal, window: window)
    backend.attention(
      [request], layout: layout, queryHeads: queryHeads, scale: scale, softCap: softCap,
      queries: q.pointer, queryStride: queryWidth, output: output.pointer,
      outputStride: queryWidth)
    return Array(output.values[0..<rows * queryWidth])
  }
}
