import GGUF
import Inference
import Kernels

/// Times a model's forward pass with fixed token ids.
struct BenchRun {
  let model: LanguageModel
  let repetitions: Int

  /// Seconds of each repetition of prefill over `count` tokens, after one that warms up.
  func prefill(_ count: Int) throws -> [Double] {
    try timed {
      let request = ForwardRequest(
        tokens: tokens(count), segment: model.makeSegment(startPosition: 0), attending: [],
        outputs: .last)
      _ = try model.forward([request])
    }
  }

  /// Seconds per repetition of `count` single-token steps after a short prompt.
  func decode(_ count: Int) throws -> [Double] {
    let prompt = model.makeSegment(startPosition: 0)
    try model.next(after: tokens(16), segment: prompt) { _ in }
    return try timed {
      prompt.truncate(to: 16)
      for token in tokens(count) { try model.next(after: [token], segment: prompt) { _ in } }
    }
  }

  private func timed(_ body: () throws -> Void) throws -> [Double] {
    try body()
    let clock = ContinuousClock()
    return try (0..<repetitions).map { _ in
      let duration = try clock.measure(body)
      return Double(duration.components.seconds)
        + Double(duration.components.attoseconds) * 1e-18
    }
  }

  func tokens(_ count: Int) -> [Int32] {
    let size = model.configuration.vocabulary
    return (0..<count).map { Int32((17 + $0 * 7919) % size) }
  }

  // MARK: What one token costs

  private var matrices: [TensorInfo] { model.file.tensors.values.filter { $0.shape.count == 2 } }

  /// The matrices that every token goes through: all but the embedding, which is read by row.
  private var layers: [TensorInfo] {
    matrices.filter { $0.name != "token_embd.weight" && $0.name != "output.weight" }
  }

  private var head: TensorInfo? {
    model.file.tensors["output.weight"] ?? model.file.tensors["token_embd.weight"]
  }

  /// Bytes of weights that one decoded token reads.
  var bytesPerToken: Int { layers.reduce(head?.byteCount ?? 0) { $0 + $1.byteCount } }

  /// Multiplications and additions of a prefill of `count` tokens with one row of logits.
  func operations(prefill count: Int) -> Double {
    let inner = layers.reduce(0.0) { $0 + 2 * Double($1.shape[0] * $1.shape[1]) }
    let last = head.map { 2 * Double($0.shape[0] * $0.shape[1]) } ?? 0
    return inner * Double(count) + last
  }

  var parameters: Int {
    model.file.tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  var fileBytes: Int { model.file.tensors.values.reduce(0) { $0 + $1.byteCount } }
}
