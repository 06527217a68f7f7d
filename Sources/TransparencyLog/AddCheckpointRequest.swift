import Foundation

/// What a log asks a witness: to cosign a checkpoint that continues an older one (C2SP
/// tlog-witness, `add-checkpoint`).
package struct AddCheckpointRequest: Equatable, Sendable {
  /// Larger bodies are refused unread.
  package static let maximumBytes = 65_536
  static let maximumPath = 63

  /// The size of the checkpoint that the witness cosigned last; 0 if there is none.
  package let oldSize: UInt64
  /// The consistency proof from the old size on; empty from size 0.
  package let path: [TreeHash]
  package let note: SignedNote

  package init(oldSize: UInt64, path: [TreeHash], note: SignedNote) {
    self.oldSize = oldSize
    self.path = path
    self.note = note
  }

  /// The body of the request.
  package var encoded: String {
    let hashes = path.map { Data($0.bytes).base64EncodedString() + "\n" }.joined()
    return "old \(oldSize)\n\(hashes)\n\(note.encoded)"
  }

  /// Reads a body without trusting it.
  package init(encoded: some Collection<UInt8>) throws(NoteError) {
    guard encoded.count <= Self.maximumBytes else {
      throw NoteError(
        field: "request", found: "\(encoded.count) bytes",
        expected: "at most \(Self.maximumBytes)")
    }
    var lines = Lines(rest: Array(encoded)[...])
    let first = lines.next() ?? ""
    guard first.hasPrefix("old "), let oldSize = UInt64(first.dropFirst(4)),
      String(oldSize) == first.dropFirst(4)
    else {
      throw NoteError(
        field: "old size", found: "\"\(first.prefix(80))\"",
        expected: "old NUMBER, decimal without leading zeros")
    }
    let path = try lines.hashes(field: "consistency proof", maximum: Self.maximumPath)
    try self.init(oldSize: oldSize, path: path, note: SignedNote(encoded: lines.rest))
  }
}

/// Lines of ASCII, taken from the front of a text one at a time.
struct Lines {
  var rest: ArraySlice<UInt8>

  mutating func next() -> String? {
    guard let end = rest.firstIndex(of: 0x0A) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// Hashes in base64, one a line, up to and with an empty line.
  mutating func hashes(field: String, maximum: Int) throws(NoteError) -> [TreeHash] {
    var path: [TreeHash] = []
    while true {
      guard let line = next() else {
        throw NoteError(field: field, found: "its end", expected: "an empty line")
      }
      if line.isEmpty { return path }
      guard path.count < maximum, let hash = strictBase64(line).flatMap({ TreeHash(bytes: $0) })
      else {
        throw NoteError(
          field: field, found: "\"\(line.prefix(80))\"",
          expected: "at most \(maximum) lines of base64 of 32 bytes")
      }
      path.append(hash)
    }
  }
}
