import Testing

@testable import Kernels

@Suite struct MatmulTests {
  /// Rows that fill a pair of groups, one group, or part of one; columns with an odd block.
  static let shapes = [(32, 64), (48, 96), (16, 32), (37, 160), (1, 64)]

  @Test(arguments: ISA.available, allFormats)
  func everyOutputEqualsTheReference(isa: ISA, format: WeightFormat) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var numbers = Numbers(1)
    let shapes = format.isQuantised ? Self.shapes : Self.shapes + [(33, 50), (5, 7)]
    for (rows, columns) in shapes {
      let bytes = numbers.weights(format, rows: rows, columns: columns)
      let matrix = packed(bytes, format, rows, columns)
      let rowBytes = format.rowBytes(columns: columns)
      for tokens in [1, 2, 7] {
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

  @Test(arguments: ISA.available, [WeightFormat.q8_0, .q4_0, .f16])
  func bitsDoNotDependOnBatchTileOrThreads(isa: ISA, format: WeightFormat) throws {
    var numbers = Numbers(2)
    let matrix = packed(numbers.weights(format, rows: 80, columns: 96), format, 80, 96)
    let x = (0..<64).map { _ in numbers.floats(96) }
    let single = try Backend(isa: isa, threads: 1)
    let expected = x.map { multiply(single, matrix, [$0])[0] }
    for threads in [1, 2, 3] {
      let backend = try Backend(isa: isa, threads: threads)
      for limit in 1...7 {
        backend.tileLimit = limit
        for tokens in limit == 7 ? Array(1...64) : [13, 64] {
          let output = multiply(backend, matrix, Array(x[0..<tokens]))
          #expect(output.map(bits) == expected[0..<tokens].map(bits))
        }
      }
    }
  }

  @Test func severalMatricesShareOneInput() throws {
    var numbers = Numbers(3)
    let backend = try Backend(threads: 2)
    let formats: [WeightFormat] = [.q8_0, .q4_0, .q8_0]
    let rows = [48, 20, 160]
    let matrices = zip(formats, rows).map { format, rows in
      packed(numbers.weights(format, rows: rows, columns: 64), format, rows, 64)
    }
    let x = (0..<9).map { _ in numbers.floats(64) }
    let input = FloatBuffer(x.flatMap { $0 })
    let outputs = rows.map { FloatBuffer(9 * padded($0)) }
    defer { withExtendedLifetime((input, outputs)) {} }
    backend.matmul(
      matrices, input: input.pointer, tokens: 9, inputStride: 64,
      outputs: outputs.map(\.pointer), outputStrides: rows.map(padded))
    for (i, matrix) in matrices.enumerated() {
      let alone = multiply(backend, matrix, x)
      for t in 0..<9 {
        let start = t * padded(rows[i])
        #expect(bits(Array(outputs[i].values[start..<start + rows[i]])) == bits(alone[t]))
      }
    }
  }

  @Test func zerosTinyAndHugeActivationsStayFinite() throws {
    var numbers = Numbers(4)
    let bytes = numbers.weights(.q8_0, rows: 16, columns: 64)
    let matrix = packed(bytes, .q8_0, 16, 64)
    for scale: Float in [0, .leastNonzeroMagnitude, 1e-38, 1e-30, 1e30] {
      let x = numbers.floats(64).map { $0 * scale }
      let expected = (0..<16).map { Reference.product(bytes[$0 * 68..<($0 + 1) * 68], .q8_0, x) }
      for isa in ISA.available {
        let output = multiply(try Backend(isa: isa, threads: 1), matrix, [x])[0]
        #expect(output.allSatisfy { $0.isFinite })
        #expect(bits(output) == bits(expected))
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
