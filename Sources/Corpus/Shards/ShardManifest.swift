import CBOR

/// The table of contents of a shard: who made it, under which licence, and every document's hash.
///
/// Its deterministic CBOR is the payload of the shard's COSE_Sign1; the SHA-256 of that payload is
/// the shard's root, the name by which everything else refers to the shard.
package struct ShardManifest: Equatable, Sendable {
  package static let contentType = "application/tributary-shard+cbor"
  package static let formatVersion = 1
  /// The version of a manifest that names an adapter.
  ///
  /// Who knows version 1 alone refuses such a shard, instead of passing over what changes answers.
  package static let formatVersionWithAdapter = 2

  package var name: String
  package var license: String
  package var contributor: ContributorKey
  package var contributorName: String
  /// Seconds since 1970-01-01 UTC.
  package var created: Int
  /// In ascending order of the paths' UTF-8 bytes.
  package var documents: [ShardDocument]
  /// A change of a model that answers may use.
  package var adapter: ShardAdapter?

  package var root: Digest { Digest(sha256: encode()) }

  /// The document of this path, found by bisection.
  package func document(_ path: String) -> ShardDocument? {
    var (low, high) = (0, documents.count)
    while low < high {
      let middle = (low + high) / 2
      if documents[middle].path.utf8.lexicographicallyPrecedes(path.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < documents.count, documents[low].path == path else { return nil }
    return documents[low]
  }
}

/// One document of a shard: what it is and where its zstd frame lies.
package struct ShardDocument: Equatable, Sendable {
  package var path: String
  package var byteCount: Int
  /// The hash of the text.
  package var sha256: Digest
  /// Offset of the frame after the signed manifest.
  package var frameOffset: Int
  package var frameByteCount: Int
  /// The hash of the compressed frame, checked before anything is decompressed.
  package var frameSHA256: Digest
}

/// Bounds on what a shard may cost.
package struct ShardLimits: Sendable {
  package var documents = 16_384
  package var documentBytes = 16 << 20
  package var adapterBytes = 256 << 20
  package var contentBytes = 1 << 30
  package var fileBytes = 1 << 30
  package var manifestBytes = 16 << 20
  package var pathBytes = 1024
  package var nameBytes = 200
  /// The largest frame that zstd makes of the largest document.
  package var frameBytes: Int { documentBytes + documentBytes / 128 + 1024 }

  package init() {}
  package static let standard = ShardLimits()
}

extension ShardManifest {
  package func encode() -> [UInt8] {
    var fields: CBORMap = [
      1: .integer(adapter == nil ? Self.formatVersion : Self.formatVersionWithAdapter),
      2: .text(name),
      3: .text(license),
      4: .bytes(contributor.bytes),
      5: .text(contributorName),
      6: .integer(created),
      7: .array(documents.map(\.cbor)),
    ]
    fields[8] = adapter?.cbor
    return CBOR.map(fields).encode()
  }

  /// Decodes the signed payload; paths and offsets are judged by `ShardFile.verify`.
  package static func decode(
    _ bytes: [UInt8], limits: ShardLimits = .standard
  ) throws(CBORError) -> ShardManifest {
    let bounds = CBOR.Limits(
      bytes: limits.manifestBytes, items: 64 + limits.documents * 16, depth: 4)
    var fields = try CBORFields(decoding: bytes, record: "manifest", limits: bounds)
    let version = try fields.int(1, "format version", formatVersion...formatVersionWithAdapter)
    let name = try fields.displayText(2, "name", limits.nameBytes)
    let license = try fields.displayText(3, "license", limits.nameBytes)
    let key = try fields.bytes(4, "contributor", count: 32)
    let contributorName = try fields.displayText(5, "contributor name", 100)
    let created = try fields.int(6, "created")
    var documents: [ShardDocument] = []
    let items = try fields.array(7, "documents", maximumCount: limits.documents)
    for (index, item) in items.enumerated() {
      documents.append(try ShardDocument(item, index: index, limits: limits))
    }
    var adapter: ShardAdapter?
    if version == formatVersionWithAdapter {
      adapter = try ShardAdapter(fields.value(8, "adapter"), limits: limits)
    }
    try fields.finish()
    guard let contributor = ContributorKey(bytes: key) else {
      throw fields.error("contributor", found: "no key", expected: "32 bytes")
    }
    return ShardManifest(
      name: name, license: license, contributor: contributor, contributorName: contributorName,
      created: created, documents: documents, adapter: adapter)
  }
}

extension ShardDocument {
  fileprivate var cbor: CBOR {
    [
      1: .text(path),
      2: .integer(byteCount),
      3: .bytes(sha256.bytes),
      4: .integer(frameOffset),
      5: .integer(frameByteCount),
      6: .bytes(frameSHA256.bytes),
    ]
  }

  fileprivate init(_ value: CBOR, index: Int, limits: ShardLimits) throws(CBORError) {
    var fields = try CBORFields(value, record: "manifest.documents[\(index)]")
    path = try fields.text(1, "path", maximumBytes: limits.pathBytes)
    byteCount = try fields.int(2, "byte count", 0...limits.documentBytes)
    sha256 = try fields.digest(3, "sha256")
    frameOffset = try fields.int(4, "frame offset", 0...limits.fileBytes)
    frameByteCount = try fields.int(5, "frame byte count", 1...limits.frameBytes)
    frameSHA256 = try fields.digest(6, "frame sha256")
    try fields.finish()
  }
}

extension CBORFields {
  /// Reads a SHA-256.
  package mutating func digest(_ key: Int64, _ name: String) throws(CBORError) -> Digest {
    guard let digest = Digest(bytes: try bytes(key, name, count: 32)) else {
      throw error(name, found: "no digest", expected: "32 bytes")
    }
    return digest
  }

  /// Reads an Ed25519 public key.
  package mutating func contributorKey(
    _ key: Int64, _ name: String
  ) throws(CBORError) -> ContributorKey {
    guard let result = ContributorKey(bytes: try bytes(key, name, count: 32)) else {
      throw error(name, found: "no key", expected: "32 bytes")
    }
    return result
  }

  /// Reads a short text that is safe to show on a terminal.
  package mutating func displayText(
    _ key: Int64, _ name: String, _ maximumBytes: Int
  ) throws(CBORError) -> String {
    let text = try text(key, name, maximumBytes: maximumBytes)
    if let problem = DisplayText.problem(text, maximumBytes: maximumBytes) {
      throw error(name, found: problem, expected: "a short line of text")
    }
    return text
  }
}
