import Foundation
import GGUF
import Kernels
import Tokenizers

/// A cross-encoder: how well a passage answers a query, computed from both texts together.
///
/// A score depends on the two texts and the file alone, not on the batch, threads or instruction set.
/// May be used from several threads: one call at a time computes, others wait.
package final class RerankModel: @unchecked Sendable {
  package let path: String
  package let configuration: Configuration
  package let backend: Backend
  private let encoder: Encoder
  private let head: ClassificationHead
  private let format: PairFormat
  private let loadedTokenizer: Result<any Tokenizer, any Error>
  private let lock = NSLock()

  /// Opens a GGUF file of an encoder with `pooling_type` 4 (rank) and one output.
  package static func load(path: String, backend: Backend) throws -> RerankModel {
    try load(file: GGUFFile(path: path), backend: backend)
  }

  /// Uses an open file; the error of a file that is no reranker names what was found.
  package static func load(file: GGUFFile, backend: Backend) throws -> RerankModel {
    try RerankModel(file: file, backend: backend)
  }

  private init(file: GGUFFile, backend: Backend) throws {
    let configuration = try Configuration(file)
    let features = try configuration.encoderFeatures(
      of: file, expected: "an encoder with pooling_type 4, a model that ranks passages"
    ) { $0 == .rank }
    self.configuration = configuration
    self.backend = backend
    path = file.path
    format = try PairFormat(file, configuration)
    let loaded = try LoadedEncoder(
      file, configuration, features, backend: backend, head: ClassificationHead.init)
    (encoder, head, loadedTokenizer) = (loaded.encoder, loaded.head, loaded.tokenizer)
  }

  /// The file's tokenizer; an error where the file has none or one that is not supported.
  package var tokenizer: any Tokenizer {
    get throws { try loadedTokenizer.get() }
  }

  /// A score for each passage, in their order: higher is better, any real number.
  package func score(query: String, passages: [String]) throws -> [Float] {
    let tokenizer = try tokenizer
    func tokens(_ text: String) -> [Int32] {
      tokenizer.encode(text, addSpecial: false, parseSpecial: false)
    }
    return try score(query: tokens(query), passages: passages.map(tokens))
  }

  /// The same for texts that are tokens already, without the ones that separate them.
  ///
  /// A passage too long for the context loses its end; a query that fills the context is an error.
  package func score(query: [Int32], passages: [[Int32]]) throws -> [Float] {
    let pairs = try passages.map { try format.pair(query, $0, configuration) }
    lock.lock()
    defer { lock.unlock() }
    let firsts = encoder.encode(pairs) { output in
      Array(UnsafeBufferPointer(start: output.x, count: output.stride))
    }
    return firsts.map { head.score($0) }
  }
}
