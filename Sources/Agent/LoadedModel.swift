import Corpus
import GGUF
import Inference

/// The language model of a file, and which bytes that file held.
struct LoadedModel {
  let model: LanguageModel
  let digest: Digest
  private let file: FileIdentity

  /// Loads what the settings name.
  init(_ session: AgentSession) throws {
    let path = try ModelLocator.find(session.settings.model)
    let file = FileIdentity(path: path)
    digest = try session.digests.sha256(path)
    let opened = try GGUFFile(path: path)
    // Refused before gigabytes are packed for it.
    _ = try ChatTemplate.detect(in: opened)
    model = try LanguageModel.load(
      file: opened, backend: session.backend(),
      cache: Self.weightCache(session.home, digest, gigabytes: session.settings.weightCache))
    // The trace names the digest: it must be of the bytes that answer.
    guard let file, FileIdentity(path: path) == file else {
      throw AgentError(.tryLater, "\(path): changed while it was loaded")
    }
    self.file = file
  }

  /// Whether the file at the model's path is still the one that was loaded.
  var isCurrent: Bool { FileIdentity(path: model.path) == file }

  /// Packed weights stay on disk: starting with them takes half as long as reading the model.
  private static func weightCache(
    _ home: Home, _ digest: Digest, gigabytes: Int
  ) -> WeightCache? {
    guard gigabytes > 0 else { return nil }
    do {
      return try WeightCache(
        directory: home.weightCache, capacityBytes: gigabytes * 1_000_000_000,
        modelHash: digest.bytes, onWarning: LoadedAnswerer.warn)
    } catch {
      LoadedAnswerer.warn("\(error)")
      return nil
    }
  }
}
