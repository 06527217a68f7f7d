import CBOR

/// A shard of the store.
package struct InstalledShard: Equatable, Sendable {
  package let root: Digest
  package let manifest: ShardManifest
  /// Seconds since 1970-01-01 UTC.
  package let installedAt: Int
  /// Whether this is the person's own shard that `add` writes.
  package let isLocal: Bool
}

/// What the store remembers about a shard besides its file.
struct InstallationRecord: Equatable {
  var installedAt: Int
  var isLocal: Bool

  func encode() -> [UInt8] {
    let value: CBOR = [1: .integer(installedAt), 2: .bool(isLocal)]
    return value.encode()
  }

  static func decode(_ bytes: [UInt8]) throws(CBORError) -> InstallationRecord {
    var fields = try CBORFields(
      decoding: bytes, record: "installed", limits: .init(bytes: 64, items: 8, depth: 2))
    let record = InstallationRecord(
      installedAt: try fields.int(1, "installed at"), isLocal: try fields.bool(2, "is local"))
    try fields.finish()
    return record
  }
}
