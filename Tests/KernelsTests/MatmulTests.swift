import CIntrinsics
import Testing

@testable import Kernels

@Suite struct MatmulTests {
  /// Rows that fill a pair of groups, one group, or part of one; columns with an odd block.
  static let shapes = [(32, 64), (48, 96), (16, 32), (37, 160), (1, 64)]

  @Test(arguments: ISA.available, allFormats)
  func everyOutputEqualsTheReference(isa: ISA, format: WeightFormat) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var numbers = Numbers(1)
    let more = format.isQuantised ? [] : [(33, 50), (5, 7)]
    for (rows, columns) in possibleShapes(format, Self.shapes) + more {
      let bytes = numbers.weights(format, rows: rows, columns: columns)
      let matrix = packed(bytes, format, rows, columns)
      let rowBytes = format.rowBytes(columns: columns)
      for tokens in [1, 2, 7, 33] {
        let x = (0..<tokens).map { _ in numbers.floats(columns) }
        let output = multiply(backend, matrix, x)
        for t in 0..<tokens {
          let expected = (0..<rows).map {
            Reference.product(bytes[$0 * rowBytes..<($0 + 1) * rowBytes], format, x[t])
          }
          #expect(bits(output[t]) == bits(expected), "\(rows)x\(columns), \(tokens) tokens")
        }
      }
    }
  }

  @Test(arguments: ISA.available, allFormats)
  func bitsDoNotDependOnBatchTileOrThreads(isa: ISA, format: WeightFormat) throws {
    var numbers = Numbers(2)
    let columns = max(96, format.blockColumns)
    let matrix = packed(numbers.weights(format, rows: 80, columns: columns), format, 80, columns)
    let x = (0..<64).map { _ in numbers.floats(columns) }
    // Formats of one kind share their tiles.
    let every = [.q8_0, .q4_K, .q6_K, .f16].contains(format)
    let single = try Backend(isa: isa, threads: 1)
    let expected = x.map { multiply(single, matrix, [$0])[0] }
    for threads in [1, 2, 3] {
      let backend = try Backend(isa: isa, threads: threads)
      for limit in Array(1...7) + [CI_MATRIX_TILE] {
        backend.tileLimit = limit
        for tokens in limit > 6 && every ? Array(1...64) : [13, 64] {
          let output = multiply(backend, matrix, Array(x[0..<tokens]))
          #expect(output.map(bits) == expected[0..<tokens].map(bits))
        }
      }
    }
  }

  @Test func severalMatricesShareOneInput() throws {
    var numbers = Numbers(3)
    let backend = try Backend(threads: 2)
    let formats = allFormats.filter(\.isQuantised) + [.q8_0]
    let rows = formats.indices.map { [48, 20, 160][$0 % 3] }
    let columns = 256
    let matrices = zip(formats, rows).map { format, rows in
      packed(numbers.weights(format, rows: rows, columns: columns), format, rows, columns)
    }
    let x = (0..<21).map { _ in numbers.floats(columns) }
    let input = FloatBuffer(x.flatMap { $0 })
    let outputs = rows.map { FloatBuffer(21 * padded($0)) }
    defer { withExtendedLifetime((input, outputs)) {} }
    backend.matmul(
      matrices, input: input.pointer, tokens: 21, inputStride: columns,
      outputs: outputs.map(\.pointer), outputStrides: rows.map(padded))
    for (i, matrix) in matrices.enumerated() {
      let alone = multiply(backend, matrix, x)
      for t in 0..<9 {
        let start = t * padded(rows[i])
        #expect(bits(Array(outputs[i].values[start..<start + rows[i]])) == bits(alone[t]))
      }
    }
  }

  @Test(
    .enabled(if: ISA.available.contains(.amx), "needs a processor with AMX int8"),
    arguments: allFormats.filter(\.isQuantised))
  func theMatrixUnitGivesTheBitsOfVectorRegisters(format: WeightFormat) throws {
    var numbers = Numbers(6)
    let (rows, columns) = (112, format.blockColumns == 256 ? 768 : 576)
    let matrix = packed(
      numbers.weights(format, rows: rows, columns: columns), format, rows, columns)
    let x = (0..<48).map { _ in numbers.floats(columns) }
    let vector = multiply(try Backend(isa: .avx512, threads: 1), matrix, x).map(bits)
    for threads in [1, 2] {
      let backend = try Backend(isa: .amx, threads: threads)
      for tokens in [16, 17, 31, 32, 48] {
        let output = multiply(backend, matrix, Array(x[0..<tokens])).map(bits)
        #expect(output == Array(vector[0..<tokens]), "\(tokens) tokens, \(threads) threads")
      }
    }
  }

  /// Each alone, and all as one batch, whose tokens are quantised together.
  @Test(arguments: ISA.available)
  func zerosTinyAndHugeActivationsStayFinite(isa: ISA) throws {
    var numbers = Numbers(4)
    let backend = try Backend(isa: isa, threads: 1)
    for columns in [64, 96] {
      let bytes = numbers.weights(.q8_0, rows: 16, columns: columns)
      let matrix = packed(bytes, .q8_0, 16, columns)
      let x = ([0, .leastNonzeroMagnitude, 1e-38, 1e-30, 1e30] as [Float]).map { scale in
        numbers.floats(columns).map { $0 * scale }
      }
      let row = WeightFormat.q8_0.rowBytes(columns: columns)
      let expected = x.map { x in
        (0..<16).map { Reference.product(bytes[$0 * row..<($0 + 1) * row], .q8_0, x) }
      }
      #expect(expected.joined().allSatisfy { $0.isFinite })
      #expect(multiply(backend, matrix, x).map(bits) == expected.map(bits))
      for (x, expected) in zip(x, expected) {
        #expect(bits(multiply(backend, matrix, [x])[0]) == bits(expected))
      }
    }
  }

  /// What is not finite makes the same of its own token as if it were alone, and nothing of others.
  @Test(arguments: ISA.available, [WeightFormat.q8_0, .q4_0, .q5_1, .q4_K, .q6_K])
  func whatIsNotFiniteStaysInItsToken(isa: ISA, format: WeightFormat) throws {
    var numbers = Numbers(10)
    let backend = try Backend(isa: isa, threads: 1)
    let columns = max(96, format.blockColumns)
    let matrix = packed(
      numbers.weights(format, rows: 48, columns: columns), format, 48, columns)
    var x = (0..<13).map { _ in numbers.floats(columns) }
    x[3][columns - 5] = .infinity
    x[9][40] = .nan
    x[12][0] = -.infinity
    // Which of several kinds of nothing comes out depends on the order of operands.
    func bits(_ values: [Float]) -> [UInt32] { values.map { $0.isNaN ? .max : $0.bitPattern } }
    let together = multiply(backend, matrix, x)
    for t in x.indices {
      #expect(bits(together[t]) == bits(multiply(backend, matrix, [x[t]])[0]), "token \(t)")
      #expect(together[t].allSatisfy { $0.isFinite } == ![3, 9, 12].contains(t))
    }
  }

  /// Weights and activations at the ends of their range, with signs that add up in every lane.
  @Test(arguments: ISA.available, allFormats.filter(\.isQuantised))
  func theLargestSumsAreExact(isa: ISA, format: WeightFormat) throws {
    let backend = try Backend(isa: isa, threads: 1)
    let columns = max(128, 2 * format.blockColumns)
    let size = format.rowBytes(columns: columns)
    let patterns: [(Int) -> Float] = [
      { _ in 1 }, { _ in -1 }, { $0 % 2 == 0 ? 1 : -1 }, { $0 % 4 < 2 ? 1 : -1 },
      { $0 % 8 < 4 ? -1 : 1 }, { $0 % 32 < 16 ? 1 : -1 },
    ]
    let x = patterns.map { pattern in (0..<columns).map(pattern) }
    for fill: UInt8 in [0x00, 0x0F, 0x7F, 0x80, 0xF0, 0xFF] {
      var numbers = Numbers(9)
      var bytes = numbers.weights(format, rows: 16, columns: columns)
      let scales = Numbers.upperBytes(format)
      for i in bytes.indices
      where !scales.contains(i % format.rowBytes(columns: format.blockColumns)) {
        bytes[i] = fill
      }
      let matrix = packed(bytes, format, 16, columns)
      for tokens in 1...patterns.count {
        let output = multiply(backend, matrix, Array(x[0..<tokens]))
        for t in 0..<tokens {
          let expected = (0..<16).map {
            Reference.product(bytes[$0 * size..<($0 + 1) * size], format, x[t])
          }
          #expect(bits(output[t]) == bits(expected), "bytes of \(fill), pattern \(t) of \(tokens)")
        }
      }
    }
  }

  /// The integers are exact and the chain is in single precision: what is lost beside doubles is that.
  @Test(arguments: allFormats.filter(\.isQuantised))
  func outputsAreNearTheProductInDoubles(format: WeightFormat) throws {
    var numbers = Numbers(8)
    let backend = try Backend(threads: 1)
    let (rows, columns) = (32, 1024)
    let bytes = numbers.weights(format, rows: rows, columns: columns)
    let matrix = packed(bytes, format, rows, columns)
    let x = (0..<5).map { _ in numbers.floats(columns) }
    let output = multiply(backend, matrix, x)
    for (t, row) in x.enumerated() {
      let quantised = stride(from: 0, to: columns, by: 32).flatMap { start in
        let (values, scale) = Reference.quantise(row[start..<start + 32])
        return values.map { Double($0) * Double(scale) }
      }
      for r in 0..<rows {
        let size = format.rowBytes(columns: columns)
        let weights = Reference.widened(bytes[r * size..<(r + 1) * size], format)
        let terms = zip(weights, quantised).map { Double($0) * $1 }
        let largest = terms.reduce(0) { $0 + abs($1) }
        #expect(abs(Double(output[t][r]) - terms.reduce(0, +)) <= 2e-6 * largest)
      }
    }
  }

  private func multiply(
    _ backend: Backend, _ matrix: PackedMatrix, _ x: [[Float]]
  ) -> [[Float]] {
    let input = FloatBuffer(x.flatMap { $0 })
    let stride = padded(matrix.rows)
    defer { withExtendedLifetime(input) {} }
    let output = FloatBuffer(x.count * stride)
    backend.matmul(
      [matrix], input: input.pointer, tokens: x.count, inputStride: matrix.columns,
      outputs: [output.pointer], outputStrides: [stride])
    let values = output.values
    return x.indices.map { Array(values[$0 * stride..<$0 * stride + matrix.rows]) }
  }
}
