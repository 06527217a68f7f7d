import GGUF

extension GGUFFile {
  /// Refuses an array that has another number of elements, before it is decoded.
  ///
  /// - Parameter unit: what the elements are, for the message.
  func require(_ count: Int, _ unit: String, in key: String) throws(GGUFError) {
    guard case .array(let array) = metadata[key], array.count != count else { return }
    throw GGUFError(
      file: path, field: key, found: "\(array.count) \(unit)",
      expected: "\(count), one for each token")
  }

  /// Refuses an array that is longer than any that a model has, before it is decoded.
  func require(atMost count: Int, _ unit: String, in key: String) throws(GGUFError) {
    guard case .array(let array) = metadata[key], array.count > count else { return }
    throw GGUFError(
      file: path, field: key, found: "\(array.count) \(unit)", expected: "at most \(count)")
  }
}
