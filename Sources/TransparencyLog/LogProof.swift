import Foundation

/// A receipt that can be checked offline: an entry's inclusion in a signed checkpoint (C2SP
/// tlog-proof).
package struct LogProof: Equatable, Sendable {
  private static let firstLine = "c2sp.org/tlog-proof@v1"

  /// A tree of 2^64 leaves needs no longer path.
  private static let maximumPath = 64

  package let leafIndex: UInt64
  package let path: [TreeHash]
  package let note: SignedNote

  package init(leafIndex: UInt64, path: [TreeHash], note: SignedNote) {
    self.leafIndex = leafIndex
    self.path = path
    self.note = note
  }

  /// The proof as it is stored and sent.
  package var encoded: String {
    let hashes = path.map { Data($0.bytes).base64EncodedString() + "\n" }.joined()
    return "\(Self.firstLine)\nindex \(leafIndex)\n\(hashes)\n\(note.encoded)"
  }

  /// Reads a proof without trusting it; extra data is allowed and skipped.
  package init(encoded: some Collection<UInt8>) throws(NoteError) {
    guard encoded.count <= SignedNote.maximumBytes else {
      throw NoteError(
        field: "proof", found: "\(encoded.count) bytes",
        expected: "at most \(SignedNote.maximumBytes)")
    }
    var lines = Lines(rest: Array(encoded)[...])
    var line = lines.next()
    guard line == Self.firstLine else {
      throw NoteError(
        field: "proof", found: "\"\((line ?? "").prefix(80))\"", expected: Self.firstLine)
    }
    line = lines.next()
    if let text = line, text.hasPrefix("extra ") {
      guard strictBase64(text.dropFirst(6)) != nil else {
        throw NoteError(
          field: "proof extra data", found: "\"\(text.prefix(80))\"", expected: "extra BASE64")
      }
      line = lines.next()
    }
    guard let text = line, text.hasPrefix("index "), let index = UInt64(text.dropFirst(6)),
      String(index) == text.dropFirst(6)
    else {
      throw NoteError(
        field: "proof index", found: "\"\((line ?? "").prefix(80))\"", expected: "index NUMBER")
    }
    let path = try lines.hashes(field: "proof hash", maximum: Self.maximumPath)
    try self.init(leafIndex: index, path: path, note: SignedNote(encoded: lines.rest))
  }

  /// The checkpoint, when the log's key signed it and the path leads from the entry to its root.
  package func verify(entry: [UInt8], by log: NoteVerifier) -> CheckpointVerdict {
    let verdict = Checkpoint.verify(note, by: log)
    guard case .valid(let checkpoint) = verdict else { return verdict }
    let proof = InclusionProof(leafIndex: leafIndex, treeSize: checkpoint.size, path: path)
    if let reason = proof.check(leaf: .leaf(entry), root: checkpoint.root).reason {
      return .invalid(reason: reason)
    }
    return verdict
  }
}
