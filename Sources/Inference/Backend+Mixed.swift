import Kernels

extension Backend {
  /// Products of several matrices with one input, in one parallel region where their formats allow.
  ///
  /// Quantised matrices see the input in 8 bits and float ones see it as it is, so a file that mixes
  /// the two within a layer needs a region for each matrix.
  func matmulEach(
    _ weights: [PackedMatrix], input: UnsafePointer<Float>, tokens: Int, inputStride: Int,
    outputs: [UnsafeMutablePointer<Float>], outputStrides: [Int]
  ) {
    let isAlike = weights.allSatisfy { $0.format.isQuantised == weights[0].format.isQuantised }
    if isAlike {
      return matmul(
        weights, input: input, tokens: tokens, inputStride: inputStride, outputs: outputs,
        outputStrides: outputStrides)
    }
    for index in weights.indices {
      matmul(
        [weights[index]], input: input, tokens: tokens, inputStride: inputStride,
        outputs: [outputs[index]], outputStrides: [outputStrides[index]])
    }
  }
}
