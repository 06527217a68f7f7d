import Inference
import Retrieval

/// The embedding model as retrieval sees it: named by its file's hash and the engine's version.
struct LocalEmbedder: Embedder {
  let model: EmbeddingModel
  let identity: String

  init(path: String, model: EmbeddingModel) throws {
    self.model = model
    identity = "\(try FileDigest.sha256(path).hex) engine \(engineVersion)"
  }

  var dimensions: Int { model.dimensions }

  func embed(_ texts: [String]) throws -> [[Float]] { try model.embed(texts) }
}
