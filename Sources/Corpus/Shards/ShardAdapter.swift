import CBOR
import GGUF

/// A LoRA adapter that a shard carries: a GGUF file for one base model.
package struct ShardAdapter: Equatable, Sendable {
  /// The file's name, without a folder.
  package var name: String
  package var byteCount: Int
  package var sha256: Digest
  package var base: BaseModel

  /// The model that an adapter is for.
  package struct BaseModel: Equatable, Sendable {
    /// `general.architecture` of its file.
    package var architecture: String
    /// `general.name` of its file.
    package var name: String
    /// The file itself; nil for every file of that name and architecture, such as other quantisations.
    package var file: Digest?

    package init(architecture: String, name: String, file: Digest?) {
      self.architecture = architecture
      self.name = name
      self.file = file
    }

    /// Whether an adapter for this model is for the one that `model`, with its file, describes.
    package func includes(_ model: BaseModel) -> Bool {
      architecture == model.architecture && name == model.name
        && (file == nil || file == model.file)
    }
  }

  /// Refuses bytes that are no adapter of `base`; whether it fits that model shows when both are loaded.
  static func check(
    _ bytes: [UInt8], name: String, base: BaseModel
  ) throws(GGUFError) {
    let file = try GGUFFile(bytes: bytes, name: name)
    _ = try file.loraAlpha(architecture: base.architecture)
    try file.requireLoRAPairs()
  }
}

/// An adapter with its bytes, ready to be packed into a shard.
package struct PackedAdapter: Sendable {
  package let adapter: ShardAdapter
  let bytes: [UInt8]

  /// Reads an adapter's file, and refuses one that is too large or no adapter of `base`.
  package init(
    path: String, base: ShardAdapter.BaseModel, limits: ShardLimits = .standard
  ) throws {
    let file = try OpenFile(reading: path)
    guard file.byteCount <= limits.adapterBytes else {
      throw CorpusError(
        path, field: "file size", found: "\(file.byteCount) bytes",
        expected: "at most \(limits.adapterBytes)")
    }
    bytes = try file.readAll(maximumBytes: limits.adapterBytes)
    try ShardAdapter.check(bytes, name: path, base: base)
    adapter = ShardAdapter(
      name: path.split(separator: "/").last.map(String.init) ?? path, byteCount: bytes.count,
      sha256: Digest(sha256: bytes), base: base)
  }
}

extension ShardAdapter {
  var cbor: CBOR {
    var fields: CBORMap = [
      1: .text(name), 2: .integer(byteCount), 3: .bytes(sha256.bytes),
      4: .text(base.architecture), 5: .text(base.name),
    ]
    fields[6] = base.file.map { .bytes($0.bytes) }
    return .map(fields)
  }

  init(_ value: CBOR, limits: ShardLimits) throws(CBORError) {
    var fields = try CBORFields(value, record: "manifest.adapter")
    name = try fields.displayText(1, "name", 255)
    guard !name.contains("/"), !name.contains("\\") else {
      throw fields.error("name", found: name.debugDescription, expected: "a name without a folder")
    }
    byteCount = try fields.int(2, "byte count", 1...limits.adapterBytes)
    sha256 = try fields.digest(3, "sha256")
    base = BaseModel(
      architecture: try fields.displayText(4, "architecture", 64),
      name: try fields.displayText(5, "base model", limits.nameBytes), file: nil)
    if fields.optional(6) != nil { base.file = try fields.digest(6, "base model sha256") }
    try fields.finish()
  }
}

extension ShardFile {
  /// Reads the adapter of a shard that has one, and checks its hash.
  package func adapter(_ adapter: ShardAdapter) throws(ShardProblem) -> [UInt8] {
    let bytes = try bytes(
      after: manifest.documents.reduce(0) { $0 + $1.frameByteCount }, count: adapter.byteCount)
    guard Digest(sha256: bytes) == adapter.sha256 else {
      throw .adapterMismatch(name: adapter.name)
    }
    return bytes
  }

  /// What is wrong with the adapter's bytes.
  func problemsOfAdapter() -> [ShardProblem] {
    guard let adapter = manifest.adapter else { return [] }
    do {
      let bytes = try self.adapter(adapter)
      try ShardAdapter.check(bytes, name: adapter.name, base: adapter.base)
      return []
    } catch let problem as ShardProblem {
      return [problem]
    } catch let error as GGUFError {
      let reason = "\(error.field): found \(error.found), expected \(error.expected)"
      return [.badAdapter(name: adapter.name, reason: reason)]
    } catch {
      return [.badAdapter(name: adapter.name, reason: "\(error)")]
    }
  }
}

extension ShardStore {
  /// The adapter's bytes of an installed shard that carries one, checked against its hash at every read.
  package func adapter(_ root: Digest) throws -> [UInt8] {
    let file = try file(root)
    guard let adapter = file.manifest.adapter else {
      throw CorpusError(
        "shard \(root.short)", field: "adapter", found: "none", expected: "a shard that carries one"
      )
    }
    return try file.adapter(adapter)
  }
}
