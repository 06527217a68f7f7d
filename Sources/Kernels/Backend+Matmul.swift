import CIntrinsics

extension Backend {
  /// outputs[i][token][row] = sum over k of weights[i][row][k] * input[token][k], for all matrices.
  ///
  /// Quantised weights see the input quantised to int8 per 32 columns; float weights see it as is.
  ///
  /// An output stride holds whole vectors of sixteen rows; what lies between `rows` and that is zeroed. No
  /// output may lie in the input, which a thread may read when another has begun to write.
  package func matmul(
    _ weights: [PackedMatrix], input: UnsafePointer<Float>, tokens: Int, inputStride: Int,
    outputs: [UnsafeMutablePointer<Float>], outputStrides: [Int]
  ) {
    precondition(weights.count == outputs.count && weights.count == outputStrides.count)
    precondition(outputs.allSatisfy { UnsafePointer($0) != input }, "an output is the input")
    guard tokens > 0, let first = weights.first else { return }
    defer { withExtendedLifetime(weights) {} }
    exclusive(
      KernelShape(
        "matmul", rows: weights.reduce(0) { $0 + $1.rows }, columns: first.columns, tokens: tokens,
        format: first.format),
      KernelWork(
        operations: weights.reduce(0) { $0 + 2 * $1.rows * $1.columns * tokens },
        bytes: weights.reduce(0) { $0 + $1.byteCount })
    ) {
      let plan = MatmulPlan(
        self, weights, input: input, tokens: tokens, inputStride: inputStride,
        outputs: outputs.map { Optional($0) },
        outputStrides: outputStrides)
      plan.quantise(team, kernels)
      plan.multiply(team, kernels)
    }
  }

  /// Widens one row of a matrix, as for a token's embedding.
  package func embeddingRow(
    _ matrix: PackedMatrix, row: Int, into output: UnsafeMutablePointer<Float>
  ) {
    precondition((0..<matrix.rows).contains(row), "row \(row) of \(matrix.rows)")
    kernels.unpack_row(matrix.memory, matrix.format.code, matrix.columns, row, output)
  }
}
