import Foundation
import GGUF
import Kernels
import Tokenizers

/// A decoder with its weights in memory.
///
/// Logits are a pure function of the file, the tokens and the structure of the context (segments and
/// positions): not of batches, chunks, threads or instruction set.
///
/// May be used from several threads: one call at a time computes, others wait. A `KVSegment` belongs
/// to one caller at a time.
package final class LanguageModel: @unchecked Sendable {
  package let path: String
  package let configuration: Configuration
  package let file: GGUFFile
  package let backend: Backend
  /// The conversation format, nil for a model without one.
  package let chatTemplate: Result<ChatTemplate?, any Error>
  let weights: DecoderWeights
  let rope: RopeTable
  let state: DecoderState
  private let loadedTokenizer: Result<any Tokenizer, any Error>
  private let lock = NSLock()

  /// Tokens computed together; a longer prompt is cut, so that memory stays bounded.
  package static let chunkTokens = 256

  private init(
    file: GGUFFile, configuration: Configuration, rotaryPositions: Configuration.Rope,
    backend: Backend
  ) throws {
    self.file = file
    self.configuration = configuration
    self.backend = backend
    path = file.path
    var source = TensorSource(file)
    weights = try DecoderWeights(&source, configuration)
    rope = RopeTable(rotaryPositions, factors: weights.ropeFactors)
    state = DecoderState(configuration, rows: Self.chunkTokens)
    chatTemplate = Result { try ChatTemplate.detect(in: file) }
    loadedTokenizer = Result { try Self.tokenizer(file, configuration) }
  }

  /// Opens a GGUF file of the architecture `llama`.
  package static func load(path: String, backend: Backend) throws -> LanguageModel {
    try load(file: GGUFFile(path: path), backend: backend)
  }

  /// Uses an open file; the error of a file that is no decoder names what was found.
  package static func load(file: GGUFFile, backend: Backend) throws -> LanguageModel {
    let configuration = try Configuration(file)
    guard configuration.architecture == .llama, let rope = configuration.rope else {
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: configuration.architecture.rawValue,
        expected: "llama, a model that generates text")
    }
    return try LanguageModel(
      file: file, configuration: configuration, rotaryPositions: rope, backend: backend)
  }

  package var name: String { configuration.name }

  /// The file's tokenizer; an error where the file has none or one that is not supported.
  package var tokenizer: any Tokenizer {
    get throws { try loadedTokenizer.get() }
  }

  /// `chatML`, `llama3`, or nil where the file has no template that is supported.
  package var chatTemplateName: String? { (try? chatTemplate.get())?.rawValue }

  /// An empty segment whose first token will stand at `startPosition`.
  package func makeSegment(startPosition: Int = 0) -> KVSegment {
    KVSegment(configuration, startPosition: startPosition)
  }

  func exclusively<R>(_ body: () throws -> R) rethrows -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }

  private static func tokenizer(
    _ file: GGUFFile, _ configuration: Configuration
  ) throws -> any Tokenizer {
    let tokenizer: any Tokenizer
    do { tokenizer = try TokenizerLoader.load(from: file) } catch {
      throw InferenceError.noTokenizer(file: file.path, reason: "\(error)")
    }
    guard tokenizer.vocabularySize <= configuration.vocabulary else {
      throw InferenceError.noTokenizer(
        file: file.path,
        reason: "it has \(tokenizer.vocabularySize) tokens, and the embedding has "
          + "\(configuration.vocabulary) rows")
    }
    return tokenizer
  }
}
