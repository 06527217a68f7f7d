import Testing

@testable import Kernels

/// Log-probabilities without rows of logits: what the definition gives on rows in memory.
@Suite struct ScoringTests {
  @Test(arguments: ISA.available)
  func logSumExpEqualsTheReference(isa: ISA) throws {
    let backend = try Backend(isa: isa, threads: 1)
    var numbers = Numbers(10)
    for count in [1, 2, 15, 16, 17, 255, 256, 257, 512, 1000, 5000] {
      let x = numbers.floats(count)
      #expect(backend.logSumExp(x, count: count) == Reference.logSumExp(x), "\(count)")
    }
  }

  @Test func logSumExpOfALargeVocabularyIsAccurate() throws {
    let backend = try Backend(threads: 1)
    var numbers = Numbers(11)
    for spread: Float in [0, 0.01, 1, 8] {
      let x = (0..<200_003).map { _ in 3 + spread * numbers.float() }
      let largest = Double(x.max()!)
      let sum = x.reduce(0.0) { $0 + Deterministic.exp(Double($1) - largest) }
      let exact = largest + Deterministic.log(sum)
      #expect(abs(backend.logSumExp(x, count: x.count) - exact) < 2e-7, "spread \(spread)")
    }
  }

  @Test func logSumExpTakesInfinitiesAndLargeLogits() throws {
    let backend = try Backend(threads: 1)
    var x = [Float](repeating: -.infinity, count: 700)
    x[300] = 1e30
    #expect(backend.logSumExp(x, count: x.count) == Double(Float(1e30)))
    x[300] = -1e30
    #expect(backend.logSumExp(x, count: x.count) == Double(Float(-1e30)))
    #expect(backend.logSumExp([Float](repeating: -.infinity, count: 40), count: 40).isNaN)
  }

  @Test(arguments: ISA.available)
  func scoresEqualThoseOfWholeRowsOfLogits(isa: ISA) throws {
    let shapes = [(1, 32), (255, 64), (256, 32), (257, 96), (530, 64), (1040, 32)]
    for format: WeightFormat in [.q8_0, .q4_0, .f32, .f16, .bf16, .q6_K] {
      for (vocabulary, columns) in possibleShapes(format, shapes) {
        for threads in [1, 2] {
          let backend = try Backend(isa: isa, threads: threads)
          try check(backend, format, vocabulary, columns)
        }
      }
    }
  }

  /// Several batches of rows against `matmul` and `logSumExp` of the same backend.
  private func check(
    _ backend: Backend, _ format: WeightFormat, _ vocabulary: Int, _ columns: Int
  ) throws {
    var numbers = Numbers(UInt64(vocabulary * columns))
    let bytes = numbers.weights(format, rows: vocabulary, columns: columns)
    let matrix = packed(bytes, format, vocabulary, columns)
    let stride = padded(columns) + 16
    for rows in [1, 2, 7, 23] {
      let hidden = FloatBuffer(numbers.floats(rows * stride))
      let targets = (0..<3 * rows).map { _ in
        (
          row: Int(numbers.next() % UInt64(rows)),
          token: Int32(numbers.next() % UInt64(vocabulary))
        )
      }
      let logits = FloatBuffer(rows * padded(vocabulary))
      defer { withExtendedLifetime((hidden, logits)) {} }
      backend.matmul(
        [matrix], input: hidden.pointer, tokens: rows, inputStride: stride,
        outputs: [logits.pointer], outputStrides: [padded(vocabulary)])
      for softCap: Float? in [nil, 3] {
        if let softCap {
          backend.softCap(
            logits.pointer, cap: softCap, tokens: rows, count: vocabulary,
            stride: padded(vocabulary))
        }
        let expected = targets.map { row, token in
          let values = logits.pointer + row * padded(vocabulary)
          return Double(values[Int(token)]) - backend.logSumExp(values, count: vocabulary)
        }
        for limit in [1, 3, Int.max] {
          backend.tileLimit = limit
          let found = backend.logProbabilities(
            matrix, hidden: hidden.pointer, rows: rows, stride: stride, softCap: softCap,
            targets: targets)
          #expect(found == expected, "\(format) \(vocabulary)x\(columns), \(rows) rows")
        }
        backend.tileLimit = .max
      }
    }
  }

  @Test func aBatchOfManyTokenBlocksEqualsItsRows() throws {
    let backend = try Backend(threads: 2)
    var numbers = Numbers(12)
    // 700 rows of 512 columns: more input than a token block holds.
    let (vocabulary, columns, rows) = (300, 512, 700)
    let matrix = packed(
      numbers.weights(.q8_0, rows: vocabulary, columns: columns), .q8_0, vocabulary, columns)
    let hidden = FloatBuffer(numbers.floats(rows * columns))
    defer { withExtendedLifetime(hidden) {} }
    let targets = (0..<rows).map { (row: rows - 1 - $0, token: Int32($0 % vocabulary)) }
    let all = backend.logProbabilities(
      matrix, hidden: hidden.pointer, rows: rows, stride: columns, targets: targets)
    for index in stride(from: 0, to: rows, by: 37) {
      let (row, token) = targets[index]
      let alone = backend.logProbabilities(
        matrix, hidden: hidden.pointer + row * columns, rows: 1, stride: columns,
        targets: [(0, token)])
      #expect(alone == [all[index]])
    }
    #expect(Set(all).count > rows / 2)
  }
}

extension Reference {
  /// Blocks of 256 values, then double.
  static func logSumExp(_ x: [Float]) -> Double {
    let parts = stride(from: 0, to: x.count, by: 256).map { first in
      let block = x[first..<min(first + 256, x.count)]
      let largest = block.max()!
      return (largest, sum(block.map { exp($0 - largest) }))
    }
    let largest = parts.map(\.0).max()!
    let total = parts.reduce(0.0) {
      $0 + Double($1.1) * Deterministic.exp(Double($1.0) - Double(largest))
    }
    return Double(largest) + Deterministic.log(total)
  }
}
