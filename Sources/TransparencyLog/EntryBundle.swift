/// Entries of a log as one file: each with its length as a big-endian uint16 before it.
package enum EntryBundle {
  /// What the length field can say.
  package static let maximumEntryBytes = 0xFFFF

  /// The bundle of at most 256 entries of at most 65,535 bytes.
  package static func encode(_ entries: [[UInt8]]) -> [UInt8] {
    precondition(entries.count <= TilePath.fullWidth)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(entries.reduce(0) { $0 + 2 + $1.count })
    for entry in entries {
      precondition(entry.count <= maximumEntryBytes)
      bytes.append(UInt8(entry.count >> 8))
      bytes.append(UInt8(entry.count & 0xFF))
      bytes += entry
    }
    return bytes
  }

  /// The entries of a bundle, of which there have to be as many as its path says.
  package static func decode(
    _ bytes: [UInt8], at path: TilePath
  ) throws(TileError) -> [[UInt8]] {
    var entries: [[UInt8]] = []
    var rest = bytes[...]
    while entries.count < path.width {
      guard rest.count >= 2 else {
        throw TileError(
          path, field: "size", found: "\(entries.count) entries", expected: "\(path.width)")
      }
      let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
      rest = rest.dropFirst(2)
      guard rest.count >= length else {
        throw TileError(
          path, field: "entry \(entries.count)", found: "\(rest.count) bytes",
          expected: "\(length), as its length says")
      }
      entries.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    guard rest.isEmpty else {
      throw TileError(
        path, field: "size", found: "\(rest.count) bytes more",
        expected: "the end after \(path.width) entries")
    }
    return entries
  }
}
