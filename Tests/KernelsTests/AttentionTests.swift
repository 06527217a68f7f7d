import Testing

@testable import Kernels

@Suite struct AttentionTests {
  /// Keys and values of a sequence, and the queries of its last rows.
  struct Sequence {
    let layout: KVLayout
    let queryHeads: Int
    let keys: [Float]
    let values: [Float]
    let queries: [Float]
    let positions: Int
    let rows: Int

    var width: Int { layout.heads * layout.headDimension }
    var queryWidth: Int { queryHeads * layout.headDimension }

    init(_ seed: UInt64, dimension: Int, heads: Int, group: Int, positions: Int, rows: Int) {
      var numbers = Numbers(seed)
      layout = KVLayout(heads: heads, headDimension: dimension)
      queryHeads = heads * group
      self.positions = positions
      self.rows = rows
      keys = numbers.floats(positions * heads * dimension)
      values = numbers.floats(positions * heads * dimension)
      queries = numbers.floats(rows * heads * group * dimension)
    }

    func reference(causal: Bool) -> [Float] {
      let d = layout.headDimension
      func head(_ x: [Float], _ row: Int, _ width: Int, _ h: Int) -> [Float] {
        Array(x[row * width + h * d..<row * width + (h + 1) * d])
      }
      return (0..<rows).flatMap { row in
        (0..<queryHeads).flatMap { h in
          let seen = causal ? positions - rows + row + 1 : positions
          let kv = h / (queryHeads / layout.heads)
          return Reference.attention(
            head(queries, row, queryWidth, h), (0..<seen).map { head(keys, $0, width, kv) },
            (0..<seen).map { head(values, $0, width, kv) }, scale: 0.2)
        }
      }
    }

    /// The same attention with the positions before the rows cut into segments at `cuts`.
    func run(_ backend: Backend, cuts: [Int] = [], causal: Bool = true) -> [Float] {
      let bounds = [0] + cuts + [positions]
      let buffers = zip(bounds, bounds.dropFirst()).map { first, end in
        FloatBuffer(layout.floatCount(positions: end - first))
      }
      let (k, v, q) = (FloatBuffer(keys), FloatBuffer(values), FloatBuffer(queries))
      defer { withExtendedLifetime((k, v, q, buffers)) {} }
      let writes = buffers.enumerated().map { i, buffer in
        KVWrite(
          base: buffer.pointer, position: 0, firstRow: bounds[i], rows: bounds[i + 1] - bounds[i])
      }
      backend.storeKV(
        writes, layout: layout, keys: k.pointer, keyStride: width, values: v.pointer,
        valueStride: width)
      let spans = buffers.enumerated().map { i, buffer in
        KVSpan(base: buffer.pointer, count: bounds[i + 1] - bounds[i])
      }
      let output = FloatBuffer(rows * queryWidth)
      let request = AttentionRequest(
        firstRow: 0, rows: rows, attended: Array(spans.dropLast()), own: spans.last!, causal: causal
      )
      backend.attention(
        [request], layout: layout, queryHeads: queryHeads, scale: 0.2,
        queries: q.pointer, queryStride: queryWidth, output: output.pointer,
        outputStride: queryWidth)
      return Array(output.values[0..<rows * queryWidth])
    }
  }

  @Test(arguments: ISA.available, [8, 32, 64, 80, 128])
  func equalsTheReference(isa: ISA, dimension: Int) throws {
    let backend = try Backend(isa: isa, threads: 1)
    for (group, rows) in [(1, 1), (3, 7), (4, 1)] {
      let sequence = Sequence(
        11, dimension: dimension, heads: 2, group: group, positions: 41, rows: rows)
      for causal in [true, false] {
        #expect(
          bits(sequence.run(backend, causal: causal)) == bits(sequence.reference(causal: causal)))
      }
    }
  }

  @Test(arguments: ISA.available)
  func bitsDoNotDependOnWherePositionsAreCut(isa: ISA) throws {
    let sequence = Sequence(12, dimension: 32, heads: 2, group: 3, positions: 83, rows: 9)
    let expected = bits(try sequence.run(Backend(isa: isa, threads: 1)))
    for threads in [1, 2] {
      let backend = try Backend(isa: isa, threads: threads)
      for limit in 1...6 {
        backend.tileLimit = limit
        for cuts in [[], [1], [16], [37], [74], [5, 6, 40], [32, 64], [16, 17, 33, 70]] {
          #expect(bits(sequence.run(backend, cuts: cuts)) == expected, "cut at \(cuts)")
        }
      }
    }
  }

  @Test func rowsAloneEqualRowsTogether() throws {
    let backend = try Backend(threads: 2)
    let whole = Sequence(13, dimension: 64, heads: 1, group: 2, positions: 40, rows: 40)
    let together = whole.run(backend)
    #expect(bits(together) == bits(whole.reference(causal: true)))
  }

  @Test func aBatchOfForksEqualsEachForkAlone() throws {
    let backend = try Backend(threads: 2)
    let layout = KVLayout(heads: 2, headDimension: 32)
    var numbers = Numbers(14)
    let (width, queryWidth, shared) = (64, 192, 50)
    let tails = (0..<20).map { 1 + $0 * 7 % 11 }
    let rows = shared + tails.reduce(0, +)
    let keys = FloatBuffer(numbers.floats(rows * width))
    let values = FloatBuffer(numbers.floats(rows * width))
    let queries = FloatBuffer(numbers.floats(rows * queryWidth))
    let trunk = FloatBuffer(layout.floatCount(positions: shared))
    var writes = [KVWrite(base: trunk.pointer, position: 0, firstRow: 0, rows: shared)]
    var requests: [AttentionRequest] = []
    var segments: [FloatBuffer] = []
    var row = shared
    defer { withExtendedLifetime((keys, values, queries, trunk, segments)) {} }
    for (i, tail) in tails.enumerated() {
      let segment = FloatBuffer(layout.floatCount(positions: tail))
      segments.append(segment)
      writes.append(KVWrite(base: segment.pointer, position: 0, firstRow: row, rows: tail))
      requests.append(
        AttentionRequest(
          firstRow: row, rows: tail,
          attended: i % 4 == 0 ? [] : [KVSpan(base: trunk.pointer, count: shared - i)],
          own: KVSpan(base: segment.pointer, count: tail)))
      row += tail
    }
    backend.storeKV(
      writes, layout: layout, keys: keys.pointer, keyStride: width, values: values.pointer,
      valueStride: width)
    func attend(_ requests: [AttentionRequest]) -> [UInt32] {
      let output = FloatBuffer(rows * queryWidth)
      backend.attention(
        requests, layout: layout, queryHeads: 6, scale: 0.2, queries: queries.pointer,
        queryStride: queryWidth, output: output.pointer, outputStride: queryWidth)
      return bits(output.values)
    }
    let together = attend(requests)
    for request in requests {
      let alone = attend([request])
      let own = request.firstRow * queryWidth..<(request.firstRow + request.rows) * queryWidth
      #expect(alone[own] == together[own])
    }
  }
}
