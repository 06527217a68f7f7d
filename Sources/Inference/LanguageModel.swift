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
  let features: DecoderFeatures
  let weights: DecoderWeights
  /// The rotation of layers without a window, and of those with one.
  let rope: (global: RopeTable, local: RopeTable)
  let state: DecoderState
  /// The file that weights lie in, where they were packed before.
  private let stored: PackedWeights?
  private let loadedTokenizer: Result<any Tokenizer, any Error>
  private let lock = NSLock()

  /// Tokens computed together; a longer prompt is cut, so that memory stays bounded.
  package static let chunkTokens = 256

  private init(
    file: GGUFFile, configuration: Configuration, features: DecoderFeatures, backend: Backend,
    cache: WeightCache?
  ) throws {
    self.file = file
    self.configuration = configuration
    self.features = features
    self.backend = backend
    path = file.path
    let tokenizer = configuration.startTokenizer(of: file)
    stored = cache?.open(backend)
    var source = TensorSource(file, backend: backend, stored: stored)
    weights = try DecoderWeights(&source, configuration, features)
    if let cache, !source.isAllStored { cache.store(source.matrices) }
    let global = RopeTable(features.rope, factors: weights.ropeFactors)
    rope = (global, features.localRope.map { RopeTable($0, factors: []) } ?? global)
    state = DecoderState(configuration, rows: Self.chunkTokens)
    chatTemplate = Result { try ChatTemplate.detect(in: file) }
    loadedTokenizer = tokenizer.value
  }

  /// Opens a GGUF file of a decoder.
  ///
  /// `contextLength`: how many positions will be needed. Nil stands for all that the model has, except
  /// for a longrope model, which then has those of its first training: it computes with other
  /// frequencies when it is loaded for more.
  /// `cache`: where packed weights of this file are kept; without one they are packed each time.
  package static func load(
    path: String, backend: Backend, contextLength: Int? = nil, cache: WeightCache? = nil
  ) throws -> LanguageModel {
    try load(
      file: GGUFFile(path: path), backend: backend, contextLength: contextLength, cache: cache)
  }

  /// Uses an open file; the error of a file that is no decoder names what was found.
  package static func load(
    file: GGUFFile, backend: Backend, contextLength: Int? = nil, cache: WeightCache? = nil
  ) throws -> LanguageModel {
    let configuration = try Configuration(file, contextLength: contextLength)
    guard let features = configuration.decoder else {
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: configuration.architecture.rawValue,
        expected: "a model that generates text, such as llama")
    }
    return try LanguageModel(
      file: file, configuration: configuration, features: features, backend: backend,
      cache: cache)
  }

  package var name: String { configuration.name }

  /// Whether the weights lie in a file of the cache, mapped.
  package var hasStoredWeights: Bool { stored != nil }

  /// Whether the file that weights lie in shrank: what was computed since is void.
  var hasLostWeights: Bool { stored?.isDamaged ?? false }

  /// The file's tokenizer; an error where the file has none or one that is not supported.
  package var tokenizer: any Tokenizer {
    get throws { try loadedTokenizer.get() }
  }

  /// The name of the template's style, such as `chatML`; nil where the file has none that is supported.
  package var chatTemplateName: String? { (try? chatTemplate.get())?.style.rawValue }

  /// An empty segment whose first token will stand at `startPosition`.
  package func makeSegment(startPosition: Int = 0) -> KVSegment {
    KVSegment(configuration, startPosition: startPosition)
  }

  func exclusively<R>(_ body: () throws -> R) rethrows -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }
}
