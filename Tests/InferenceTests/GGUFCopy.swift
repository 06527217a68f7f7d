import GGUF

/// A model file in memory, to be opened again with other metadata.
struct GGUFCopy {
  var metadata: [String: MetadataValue]
  let architecture: String
  private let source: GGUFFile

  init(path: String) throws {
    source = try GGUFFile(path: path)
    metadata = source.metadata
    architecture = try source.string("general.architecture")
  }

  func reopened() throws -> GGUFFile {
    var writer = GGUFWriter()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { writer.add(key, value) }
    for name in source.tensorOrder {
      let info = try source.tensor(name)
      let bytes = try source.withBytes(of: info) { Array($0) }
      try writer.add(tensor: name, shape: info.shape, type: info.type, bytes: bytes)
    }
    return try GGUFFile(bytes: writer.encoded(), name: "test.gguf")
  }
}
