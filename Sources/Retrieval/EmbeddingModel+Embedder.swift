import Corpus
import Foundation
import Inference

extension EmbeddingModel: Embedder {
  /// The hash of the model's file and the engine's version; reads the whole file.
  package var identity: String {
    get throws {
      let file = try Data(contentsOf: URL(fileURLWithPath: path))
      return "\(Digest(sha256: Array(file))) engine \(engineVersion)"
    }
  }
}
