/// What turns texts into unit vectors whose dot product is their similarity.
package protocol Embedder: Sendable {
  /// Changes whenever an embedding's bits may change: the model file's hash and the engine.
  /// May be costly; an index asks once.
  var identity: String { get throws }
  var dimensions: Int { get }
  /// One L2-normalised vector of `dimensions` values per text.
  func embed(_ texts: [String]) throws -> [[Float]]
}
