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
  let encoder: Encoder
  private let loadedTokenizer: Result<any Tokenizer, any Error>
  private let lock = NSLock()

  /// Opens a GGUF file of an encoder that pools by the mean or the first token.
  package static func load(path: String, backend: Backend) throws -> EmbeddingModel {
    try EmbeddingModel(file: GGUFFile(path: path), backend: backend)
  }

  private init(file: GGUFFile, backend: Backend) throws {
    let configuration = try Configuration(file)
    let features = try configuration.encoderFeatures(
      of: file, expected: "a model that embeds text, such as bert"
    ) { _ in true }
    guard features.pooling == .mean || features.pooling == .first else {
      let isRanker = features.pooling == .rank
      throw GGUFError(
        file: file.path, field: "\(configuration.architecture.rawValue).pooling_type",
        found: isRanker ? "4, a model that ranks passages" : "0, a model that chooses sentences",
        expected: "1 or 2, a model that embeds text")
    }
    self.file = file
    self.configuration = configuration
    self.backend = backend
    path = file.path
    let loaded = try LoadedEncoder(
      file, configuration, features, backend: backend, head: { _, _, _ in })
    (encoder, loadedTokenizer) = (loaded.encoder, loaded.tokenizer)
  }

  /// The file's tokenizer; an error where the file has none or one that is not supported.
  package var tokenizer: any Tokenizer {
    get throws { try loadedTokenizer.get() }
  }

  package var dimensions: Int { configuration.width }

  /// Tokens of a text that are used, the two that enclose it included; what follows is cut off.
  package var maximumTokens: Int { configuration.contextLength }

  /// The vectors of `texts`, in their order, each of length 1.
  ///
  /// Texts are computed together without padding, so that different lengths in a batch cost nothing.
  /// A text longer than `maximumTokens` is represented by its beginning.
  package func embed(_ texts: [String]) throws -> [[Float]] {
    let tokenizer = try tokenizer
    return embed(tokens: backend.map(texts.count) { tokens(of: texts[$0], tokenizer) })
  }

  /// The vectors of texts that are tokens already, their enclosing ones included.
  ///
  /// Each has 1 to `maximumTokens` tokens of the vocabulary.
  func embed(tokens: [[Int32]]) -> [[Float]] {
    lock.lock()
    defer { lock.unlock() }
    return encoder.encode(tokens.map { Encoder.Sequence($0) }) { pooled($0) }
  }

  /// The text's tokens with their enclosing ones; a long text loses its end, not the last token.
  private func tokens(of text: String, _ tokenizer: any Tokenizer) -> [Int32] {
    let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
    guard tokens.count > maximumTokens else { return tokens }
    return tokens.prefix(maximumTokens - 1) + [tokens[tokens.count - 1]]
  }

  /// The mean of the rows, or the first, scaled to length 1; sums in double, in index order.
  private func pooled(_ output: Encoder.Output) -> [Float] {
    let rows = encoder.features.pooling == .mean ? output.rows : 1
    var sum = [Double](repeating: 0, count: dimensions)
    for row in 0..<rows {
      let x = output.x + row * output.stride
      for column in sum.indices { sum[column] += Double(x[column]) }
    }
    let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return sum.map { Float(length > 0 ? $0 / length : 0) }
  }
}
