import CBOR
import TestSupport
import Zstd

@testable import Corpus

/// Small shards for tests, right and wrong.
enum ShardSamples {
  static func identity(_ seed: UInt8 = 1, name: String = "Ada") throws -> ContributorIdentity {
    try ContributorIdentity(name: name, seed: [UInt8](repeating: seed, count: 32))
  }

  static let texts = [
    "lighthouse.md": "The lighthouse is 41 metres tall.\n",
    "notes/bakery.txt": "It opens at six.\n",
  ]

  static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in texts { try folder.write("docs/" + name, text) }
    return folder
  }

  static func pack(_ folder: TemporaryFolder, seed: UInt8 = 1) throws -> PackedShard {
    try ShardPacker.pack(
      directory: folder.path + "/docs", name: "Harbour", license: "CC0-1.0",
      identity: identity(seed), created: 1_790_000_000)
  }

  /// Signs any manifest over any frames, as a hostile contributor can.
  static func forge(
    frames: [UInt8]? = nil, seed: UInt8 = 1, signer: UInt8 = 1,
    edit: (inout ShardManifest) -> Void
  ) throws -> [UInt8] {
    let entries = try texts.map { try PackedDocument(path: $0.key, text: Array($0.value.utf8)) }
    let packed = try ShardPacker.assemble(
      entries, name: "Harbour", license: "CC0-1.0", identity: identity(seed), created: 1)
    var manifest = packed.manifest
    edit(&manifest)
    let body = packed.bytes.suffix(manifestFrames(packed.manifest))
    return try write(manifest, frames ?? Array(body), signer: signer)
  }

  static func write(
    _ manifest: ShardManifest, _ frames: [UInt8], signer: UInt8 = 1
  ) throws -> [UInt8] {
    let message = try identity(signer).signRecord(
      manifest.encode(), contentType: ShardManifest.contentType)
    let length = (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
    return ShardFile.magic + length + message + frames
  }

  private static func manifestFrames(_ manifest: ShardManifest) -> Int {
    manifest.documents.reduce(0) { $0 + $1.frameByteCount }
  }
}
