import GGUF

/// A model file in memory, to be opened again with other metadata.
struct GGUFCopy {
  var metadata: [String: MetadataValue]
  let architecture: String
  private let source: GGUFFile
  private var shortened: Set<String> = []
  /// New names of tensors; nil leaves a tensor out.
  private var renamed: [String: String?] = [:]

  init(path: String) throws {
    source = try GGUFFile(path: path)
    metadata = source.metadata
    architecture = try source.string("general.architecture")
  }

  /// Drops all rows of a tensor but the first.
  mutating func keepFirstRow(of name: String) { shortened.insert(name) }

  /// Gives a tensor another name, or leaves it out.
  mutating func rename(_ name: String, to other: String?) { renamed[name] = .some(other) }

  func reopened() throws -> GGUFFile {
    var writer = GGUFWriter()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { writer.add(key, value) }
    for name in source.tensorOrder {
      guard let newName = renamed[name, default: name] else { continue }
      let info = try source.tensor(name)
      let bytes = try source.withBytes(of: info) { Array($0) }
      let rows = shortened.contains(name) ? 1 : info.rows
      try writer.add(
        tensor: newName, shape: shortened.contains(name) ? [info.shape[0], 1] : info.shape,
        type: info.type, bytes: Array(bytes.prefix(bytes.count / info.rows * rows)))
    }
    return try GGUFFile(bytes: writer.encoded(), name: "test.gguf")
  }
}
