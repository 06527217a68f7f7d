import Foundation
import GGUF
import Kernels
import Tokenizers

/// A sentence encoder: texts to vectors of length 1 whose cosine says how close they are in meaning.
///
/// A vector depends on its text and the file alone, not on the batch, threads or instruction set.
/// May be used from several threads: one call at a time computes, others wait.
package final class EmbeddingModel: @unchecked Sendable {
  package let path: String
  package let configuration: Configuration
  package let file: GGUFFile
  package let backend: Backend
  let tokenizer: any Tokenizer
  let weights: EncoderWeights
  let state: EncoderState
  private let lock = NSLock()

  /// Tokens computed together, unless one text alone has more.
  private static let chunkTokens = 256

  /// Opens a GGUF file of the architecture `bert` with mean pooling.
  package static func load(path: String, backend: Backend) throws -> EmbeddingModel {
    try EmbeddingModel(file: GGUFFile(path: path), backend: backend)
  }

  private init(file: GGUFFile, backend: Backend) throws {
    let configuration = try Configuration(file)
    guard configuration.architecture == .bert else {
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: configuration.architecture.rawValue,
        expected: "bert, a model that embeds text")
    }
    self.file = file
    self.configuration = configuration
    self.backend = backend
    path = file.path
    tokenizer = try TokenizerLoader.load(from: file)
    guard tokenizer.vocabularySize <= configuration.vocabulary else {
      throw InferenceError.noTokenizer(
        file: file.path, reason: "it has more tokens than the embedding has rows")
    }
    var source = TensorSource(file)
    weights = try EncoderWeights(&source, configuration)
    state = EncoderState(configuration, rows: max(Self.chunkTokens, configuration.contextLength))
  }

  package var dimensions: Int { configuration.width }

  /// Tokens of a text that are used, the two that enclose it included; what follows is cut off.
  package var maximumTokens: Int { configuration.contextLength }

  /// The vectors of `texts`, in their order, each of length 1.
  ///
  /// Texts are computed together without padding, so that different lengths in a batch cost nothing.
  /// A text longer than `maximumTokens` is represented by its beginning.
  package func embed(_ texts: [String]) throws -> [[Float]] {
    lock.lock()
    defer { lock.unlock() }
    let tokens = texts.map(tokens)
    var result = [[Float]](repeating: [], count: texts.count)
    var chunk: [Int] = []
    var rows = 0
    for index in tokens.indices {
      if rows > 0, rows + tokens[index].count > Self.chunkTokens {
        embed(chunk, tokens, into: &result)
        chunk.removeAll(keepingCapacity: true)
        rows = 0
      }
      chunk.append(index)
      rows += tokens[index].count
    }
    embed(chunk, tokens, into: &result)
    return result
  }

  /// The text's tokens with their enclosing ones; a long text loses its end, not the last token.
  private func tokens(of text: String) -> [Int32] {
    let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
    guard tokens.count > maximumTokens else { return tokens }
    return tokens.prefix(maximumTokens - 1) + [tokens[tokens.count - 1]]
  }

  private func embed(_ chunk: [Int], _ tokens: [[Int32]], into result: inout [[Float]]) {
    guard !chunk.isEmpty else { return }
    let sequences = chunk.map { tokens[$0] }
    encode(sequences)
    var firstRow = 0
    for (index, sequence) in zip(chunk, sequences) {
      result[index] = pooled(firstRow..<(firstRow + sequence.count))
      firstRow += sequence.count
    }
  }

  /// The mean of the rows, scaled to length 1; sums in double, in index order.
  private func pooled(_ rows: Range<Int>) -> [Float] {
    let mean = (0..<dimensions).map { column in
      rows.reduce(0.0) { $0 + Double(state.x.pointer[$1 * state.width + column]) }
    }
    let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return mean.map { Float(length > 0 ? $0 / length : 0) }
  }
}
