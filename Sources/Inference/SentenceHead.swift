import GGUF
import Kernels

/// A copy of the last layer's vectors of a text's tokens.
struct TokenVectors: Sendable {
  let values: FloatBuffer
  let rows: Int
  /// Floats from one row to the next.
  let stride: Int

  init(_ output: Encoder.Output) {
    rows = output.rows
    stride = output.stride
    values = FloatBuffer(rows * stride)
    values.pointer.update(from: output.x, count: rows * stride)
  }
}

/// What turns the vectors of a question's and a passage's tokens into sentences' scores and spans.
///
/// A sentence scores how near the mean of its tokens is to the question's, times `cosineScale`, and the
/// greatest of what the head's first row sees in its tokens. The other rows are the logits of a span's
/// first and last token.
struct SentenceHead {
  private static let rows = 3
  private static let longestSpan = 24
  private static let spans = 8

  private let backend: Backend
  private let width: Int
  private let output: EncoderWeights.Linear
  private let cosineScale: Double

  init(_ source: inout TensorSource, _ c: Configuration, backend: Backend) throws {
    self.backend = backend
    width = c.width
    output = try source.linear("cls.output", rows: Self.rows, columns: c.width, true)
    let key = "tributary.cosine_scale"
    let scale = try source.file.float(key)
    guard scale.isFinite else {
      throw GGUFError(
        file: source.file.path, field: key, found: "\(scale)", expected: "a finite number")
    }
    cosineScale = Double(scale)
  }

  /// Reads a part of a passage, whose tokens follow the question's.
  func read(
    _ vectors: TokenVectors, questionRows: Int, part: PassagePart
  ) -> [CrossEncoder.Sentence] {
    let stride = padded(Self.rows)
    let values = FloatBuffer(part.tokens.count * stride)
    let passage = UnsafePointer(vectors.values.pointer) + questionRows * vectors.stride
    backend.matmul(
      [output.matrix], input: passage, tokens: part.tokens.count, inputStride: vectors.stride,
      outputs: [values.pointer], outputStrides: [stride])
    backend.addBias(
      values.pointer, output.bias.pointer, tokens: part.tokens.count, count: Self.rows,
      stride: stride)
    let question = mean(vectors, 0..<questionRows)
    return part.sentences.map { sentence in
      let rows = sentence.tokens.map { questionRows + $0 }
      let near = cosine(question, mean(vectors, rows[0]..<rows[0] + rows.count))
      let seen = sentence.tokens.map { values.pointer[$0 * stride] }.max() ?? 0
      return CrossEncoder.Sentence(
        score: cosineScale * near + Double(seen), spans: spans(sentence, values, stride))
    }
  }

  /// The sum of the rows in index order, divided by how many they are.
  private func mean(_ vectors: TokenVectors, _ rows: Range<Int>) -> [Float] {
    var sum = [Double](repeating: 0, count: width)
    for row in rows {
      let x = vectors.values.pointer + row * vectors.stride
      for column in sum.indices { sum[column] += Double(x[column]) }
    }
    return sum.map { Float($0 / Double(rows.count)) }
  }

  /// The likeliest words between a first and a last token, among equals the first.
  private func spans(
    _ sentence: PassagePart.Sentence, _ values: FloatBuffer, _ stride: Int
  ) -> [CrossEncoder.Span] {
    var best: [Range<Int>: Float] = [:]
    for (start, firstWord) in sentence.words.enumerated() {
      let first = values.pointer[(sentence.tokens.lowerBound + start) * stride + 1]
      for end in start..<min(start + Self.longestSpan, sentence.words.count) {
        let score = first + values.pointer[(sentence.tokens.lowerBound + end) * stride + 2]
        let words = firstWord..<sentence.words[end] + 1
        best[words] = max(score, best[words] ?? -.infinity)
      }
    }
    return best.sorted { a, b in
      (b.value, a.key.lowerBound, a.key.upperBound) < (a.value, b.key.lowerBound, b.key.upperBound)
    }
    .prefix(Self.spans).map { CrossEncoder.Span(words: $0.key, score: Double($0.value)) }
  }
}
