import Kernels

/// What turns the first token's vector into a score: output · tanh(dense · x + bias) + bias.
///
/// Some models have no dense layer: output · x + bias.
struct ClassificationHead {
  private let backend: Backend
  private let width: Int
  private let dense: EncoderWeights.Linear?
  private let output: EncoderWeights.Linear
  private let hidden: FloatBuffer
  private let result = FloatBuffer(16)

  init(_ source: inout TensorSource, _ c: Configuration, backend: Backend) throws {
    self.backend = backend
    width = c.width
    dense =
      source.has("cls.weight")
      ? try source.linear("cls", rows: c.width, columns: c.width, source.has("cls.bias")) : nil
    output = try source.linear(
      "cls.output", rows: 1, columns: c.width, source.has("cls.output.bias"))
    hidden = FloatBuffer(padded(c.width))
  }

  func score(_ x: UnsafePointer<Float>) -> Float {
    guard let dense else { return product(output, x, into: result.pointer) }
    _ = product(dense, x, into: hidden.pointer)
    // tanh(x) is the soft-cap 1 * tanh(x / 1).
    backend.softCap(hidden.pointer, cap: 1, tokens: 1, count: width, stride: padded(width))
    return product(output, UnsafePointer(hidden.pointer), into: result.pointer)
  }

  /// Sets `target` to matrix · x + bias and returns its first number.
  private func product(
    _ linear: EncoderWeights.Linear, _ x: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) -> Float {
    let rows = linear.matrix.rows
    backend.matmul(
      [linear.matrix], input: x, tokens: 1, inputStride: padded(width), outputs: [target],
      outputStrides: [padded(rows)])
    backend.addBias(
      target, linear.bias.pointer, tokens: 1, count: rows, stride: padded(rows))
    return target[0]
  }
}
