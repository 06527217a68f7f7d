import Foundation

/// A log's signed statement of its size and root (C2SP tlog-checkpoint).
package struct Checkpoint: Equatable, Sendable {
  package let origin: String
  package let size: UInt64
  package let root: TreeHash

  package init(origin: String, size: UInt64, root: TreeHash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// Reads a note's text; extension lines are allowed and skipped.
  package init(text: String) throws(NoteError) {
    let bytes = Array(text.utf8)
    guard bytes.last == 0x0A else {
      throw NoteError(field: "checkpoint", found: "no newline at its end", expected: "one")
    }
    let lines = bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }) else {
      throw NoteError(
        field: "checkpoint", found: "\(lines.count) lines",
        expected: "origin, size and root on three lines")
    }
    guard let size = UInt64(lines[1]), String(size) == lines[1] else {
      throw NoteError(
        field: "checkpoint size", found: "\"\(lines[1].prefix(40))\"",
        expected: "a decimal number without leading zeros")
    }
    guard let root = strictBase64(lines[2]).flatMap({ TreeHash(bytes: $0) }) else {
      throw NoteError(
        field: "checkpoint root", found: "\"\(lines[2].prefix(80))\"",
        expected: "base64 of 32 bytes")
    }
    self.init(origin: lines[0], size: size, root: root)
  }

  /// The note text: origin, size and root, one a line.
  package var text: String {
    "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\n"
  }

  /// The signed note; the signer's name should be the origin.
  package func sign(by signer: NoteSigner) throws -> SignedNote {
    try SignedNote(text: text, signers: [signer])
  }

  /// The checkpoint of a note, when the log's key signed it and the origin is that key's name.
  package static func verify(_ note: SignedNote, by verifier: NoteVerifier) -> CheckpointVerdict {
    switch note.verify(by: verifier) {
    case .invalid(let reason):
      return .invalid(reason: reason)
    case .valid(let text):
      do throws(NoteError) {
        let checkpoint = try Checkpoint(text: text)
        // Bytes, because Swift takes differently composed letters as equal.
        guard checkpoint.origin.utf8.elementsEqual(verifier.name.utf8) else {
          return .invalid(
            reason: "checkpoint origin is \(checkpoint.origin), expected \(verifier.name)")
        }
        return .valid(checkpoint)
      } catch {
        return .invalid(reason: error.description)
      }
    }
  }
}

/// What the check of a signed checkpoint found.
package enum CheckpointVerdict: Equatable, Sendable {
  case valid(Checkpoint)
  case invalid(reason: String)
}
