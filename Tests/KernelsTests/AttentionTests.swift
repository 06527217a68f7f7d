import Testing

@testable import Kernels

@Suite struct AttentionTests {
  @Test(arguments: ISA.available, [8, 20, 32, 40, 64, 80, 96, 128, 256])
  func equalsTheDefinition(isa: ISA, dimension: Int) throws {
    let backend = try Backend(isa: isa, threads: 1)
    for (group, rows) in [(1, 1), (3, 7), (4, 1)] {
      var sequence = AttentionFixture(
        11, dimension: dimension, heads: 2, group: group, positions: 41, rows: rows)
      for causal in [true, false] {
        sequence.causal = causal
        #expect(bits(sequence.run(backend)) == bits(sequence.exact()), "group \(group)")
      }
    }
  }

  @Test(arguments: ISA.available, 1...8)
  func headsShareKeysInGroupsOfAnySize(isa: ISA, group: Int) throws {
    let sequence = AttentionFixture(
      16, dimension: 32, heads: 2, group: group, positions: 37, rows: 5)
    #expect(bits(try sequence.run(Backend(isa: isa, threads: 1))) == bits(sequence.exact()))
  }

  /// More than one block of the softmax, tiles that share widened keys and a single one, with and
  /// without windows and soft-caps.
  @Test(arguments: ISA.available, [1, 3, 40])
  func longContextsEqualTheDefinition(isa: ISA, rows: Int) throws {
    let backend = try Backend(isa: isa, threads: 2)
    for (window, softCap) in [(nil, nil), (300, nil), (nil, 5), (17, 5), (1, nil)]
      as [(Int?, Float?)]
    {
      // Of few rows a thread takes several heads at once.
      var sequence = AttentionFixture(
        17, dimension: 16, heads: rows > 3 ? 1 : 4, group: 2, positions: 560, rows: rows)
      sequence.window = window
      sequence.softCap = softCap
      let name = "window \(String(describing: window)), cap \(String(describing: softCap))"
      #expect(bits(sequence.run(backend)) == bits(sequence.exact()), "\(name)")
    }
  }

  /// Against the textbook in double precision, which shares no code and no order of sums.
  @Test(arguments: [nil, 100] as [Int?], [nil, 3] as [Float?])
  func agreesWithDoublePrecision(window: Int?, softCap: Float?) throws {
    let backend = try Backend(threads: 2)
    for causal in [true, false] {
      var sequence = AttentionFixture(
        18, dimension: 40, heads: 2, group: 3, positions: 700, rows: 9, outliers: false)
      (sequence.window, sequence.softCap, sequence.causal) = (window, softCap, causal)
      let output = sequence.run(backend)
      for row in [0, 4, 8] {
        for head in 0..<6 {
          let expected = sequence.reference(row: row, head: head).inDouble()
          for d in 0..<40 {
            let found = Double(output[row * sequence.queryWidth + head * 40 + d])
            #expect(abs(found - expected[d]) < 2e-6, "row \(row), head \(head)")
          }
        }
      }
    }
  }

  @Test(arguments: ISA.available)
  func bitsDoNotDependOnWherePositionsAreCut(isa: ISA) throws {
    let sequence = AttentionFixture(12, dimension: 32, heads: 2, group: 3, positions: 83, rows: 9)
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

  /// Every cut of a context of three blocks, with one thread and with blocks shared by several.
  @Test(arguments: [nil, 270] as [Int?], [1, 3])
  func bitsOfLongContextsDoNotDependOnCutsAndThreads(window: Int?, threads: Int) throws {
    let backend = try Backend(threads: threads)
    for rows in [1, 20] {
      var sequence = AttentionFixture(
        19, dimension: 24, heads: 1, group: 2, positions: 540, rows: rows)
      sequence.window = window
      let expected = bits(try sequence.run(Backend(isa: .portable, threads: 1)))
      for cut in 1..<540 - rows where cut % 3 == 0 || cut < 20 || abs(cut - 256) < 20 {
        #expect(bits(sequence.run(backend, cuts: [cut])) == expected, "cut at \(cut)")
      }
      let many = Array(stride(from: 7, to: 540 - rows, by: 13))
      #expect(bits(sequence.run(backend, cuts: many)) == expected)
    }
  }

  /// Segments of independent contexts share a range of positions: each is windowed by its own.
  @Test(arguments: ISA.available)
  func aWindowGoesByPositionsNotByOrder(isa: ISA) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var sequence = AttentionFixture(20, dimension: 16, heads: 2, group: 1, positions: 90, rows: 7)
    sequence.window = 40
    let (cuts, starts) = ([20, 50, 70], [10, 0, 25, 50])
    let places = zip([0] + cuts, cuts + [90]).enumerated().flatMap { index, range in
      (range.0..<range.1).map { starts[index] + $0 - range.0 }
    }
    let expected = (0..<7).flatMap { row in
      (0..<2).flatMap { sequence.reference(row: row, head: $0, starts: places).exact() }
    }
    #expect(bits(sequence.run(backend, cuts: cuts, starts: starts)) == bits(expected))
  }

  @Test func rowsAloneEqualRowsTogether() throws {
    let backend = try Backend(threads: 2)
    let whole = AttentionFixture(13, dimension: 64, heads: 1, group: 2, positions: 40, rows: 40)
    #expect(bits(whole.run(backend)) == bits(whole.exact()))
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
    let trunk = KVBuffer(byteCount: layout.byteCount(positions: shared))
    var writes = [
      KVWrite(
        base: trunk.pointer, capacity: KVLayout.capacity(positions: shared), position: 0,
        firstRow: 0, rows: shared)
    ]
    var requests: [AttentionRequest] = []
    var segments: [KVBuffer] = []
    var row = shared
    defer { withExtendedLifetime((keys, values, queries, trunk, segments)) {} }
    for (i, tail) in tails.enumerated() {
      let segment = KVBuffer(byteCount: layout.byteCount(positions: tail))
      segments.append(segment)
      let capacity = KVLayout.capacity(positions: tail)
      writes.append(
        KVWrite(
          base: segment.pointer, capacity: capacity, position: 0, firstRow: row, rows: tail))
      requests.append(
        AttentionRequest(
          firstRow: row, rows: tail,
          attended: i % 4 == 0
            ? []
            : [
              KVSpan(
                base: trunk.pointer, capacity: KVLayout.capacity(positions: shared),
                count: shared - i)
            ],
          own: KVSpan(base: segment.pointer, capacity: capacity, count: tail)))
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
