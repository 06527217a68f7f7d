import Foundation

/// A text with the signatures below it (C2SP signed-note).
///
/// An instance says nothing about trust: use ``verify(_:by:)`` before believing the text.
package struct SignedNote: Equatable, Sendable {
  /// Notes above these limits are refused unread.
  package static let maximumBytes = 1_000_000
  package static let maximumSignatures = 100

  package struct Signature: Equatable, Sendable {
    package let name: String
    package let keyID: UInt32
    package let bytes: [UInt8]

    package init(name: String, keyID: UInt32, bytes: [UInt8]) {
      self.name = name
      self.keyID = keyID
      self.bytes = bytes
    }
  }

  /// What the signatures cover, with its last newline.
  package let text: String
  package let signatures: [Signature]

  /// Reads a note without trusting it.
  package init(encoded: some Collection<UInt8>) throws(NoteError) {
    guard encoded.count <= Self.maximumBytes else {
      throw NoteError(
        field: "note", found: "\(encoded.count) bytes", expected: "at most \(Self.maximumBytes)")
    }
    // Bytes, because Swift takes CR LF, and a newline with a combining mark, as one character.
    let bytes = Array(encoded)
    guard String(validating: bytes, as: UTF8.self) != nil,
      bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A })
    else {
      throw NoteError(
        field: "note", found: "other bytes", expected: "UTF-8 without control characters")
    }
    guard let end = Self.endOfText(bytes), bytes.last == 0x0A else {
      throw NoteError(
        field: "note", found: "no signatures after the last empty line",
        expected: "text, an empty line and signature lines")
    }
    text = String(decoding: bytes[..<end], as: UTF8.self)
    signatures = try Self.signatures(encoded: bytes[(end + 1)...])
  }

  /// Reads signature lines alone, as a witness answers with them.
  package static func signatures(
    encoded: some Collection<UInt8>
  ) throws(NoteError) -> [Signature] {
    let bytes = Array(encoded)
    guard bytes.last == 0x0A else {
      throw NoteError(field: "signatures", found: "no newline at their end", expected: "one")
    }
    let lines = bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count <= maximumSignatures else {
      throw NoteError(
        field: "signatures", found: "\(lines.count)", expected: "at most \(maximumSignatures)")
    }
    var signatures: [Signature] = []
    for line in lines { signatures.append(try Signature(line: line)) }
    return signatures
  }

  package init(text: String, signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  /// The note with more signatures below those it has.
  package func adding(_ more: [Signature]) -> SignedNote {
    SignedNote(text: text, signatures: signatures + more)
  }

  /// Signs a text that ends with a newline.
  package init(text: String, signers: [NoteSigner]) throws {
    guard text.utf8.last == 0x0A, text.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else {
      throw NoteError(
        field: "note text", found: "other text",
        expected: "lines without control characters, each ended by a newline")
    }
    self.text = text
    signatures = try signers.map { signer in
      Signature(
        name: signer.verifier.name, keyID: signer.verifier.keyID, bytes: try signer.sign(text))
    }
  }

  /// The note as it is stored and sent.
  package var encoded: String {
    text + "\n" + signatures.map(\.line).joined()
  }

  /// The index just after the text's last newline, before the empty line.
  private static func endOfText(_ bytes: [UInt8]) -> Int? {
    var index = bytes.count - 1
    while index > 0 {
      if bytes[index] == 0x0A && bytes[index - 1] == 0x0A {
        return index + 1 < bytes.count ? index : nil
      }
      index -= 1
    }
    return nil
  }
}

extension SignedNote {
  /// The text, when that key signed it.
  package func verify(by verifier: NoteVerifier) -> NoteVerdict {
    // Like Go's note.Open, the first line of a known key decides for the whole note.
    let match = signatures.first { $0.name == verifier.name && $0.keyID == verifier.keyID }
    guard let match else {
      let signers = signatures.map(\.name).joined(separator: ", ")
      return .invalid(reason: "note is signed by \(signers), expected \(verifier.vkey)")
    }
    guard verifier.verify(text, signature: match.bytes) else {
      return .invalid(reason: "signature of \(verifier.name) does not fit the note")
    }
    return .valid(text: text)
  }
}

/// What the check of a note found.
package enum NoteVerdict: Equatable, Sendable {
  case valid(text: String)
  case invalid(reason: String)
}

extension SignedNote.Signature {
  private static let prefix = Array("\u{2014} ".utf8)

  /// Reads `— name base64(key id || signature)`.
  fileprivate init(line: ArraySlice<UInt8>) throws(NoteError) {
    let malformed = NoteError(
      field: "signature line", found: "\"\(String(decoding: line, as: UTF8.self).prefix(80))\"",
      expected: "\u{2014} name base64")
    guard line.starts(with: Self.prefix) else { throw malformed }
    let fields = line.dropFirst(Self.prefix.count).split(
      separator: 0x20, omittingEmptySubsequences: false)
    guard fields.count == 2 else { throw malformed }
    let name = String(decoding: fields[0], as: UTF8.self)
    try checkKeyName(name)
    guard let decoded = strictBase64(String(decoding: fields[1], as: UTF8.self)),
      decoded.count > 4
    else { throw malformed }
    self.init(
      name: name, keyID: decoded.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
      bytes: Array(decoded.dropFirst(4)))
  }

  /// The line as it is stored and sent, with its newline.
  package var line: String {
    let id = (0..<4).map { UInt8(truncatingIfNeeded: keyID >> UInt32(24 - 8 * $0)) }
    return "\u{2014} \(name) \(Data(id + bytes).base64EncodedString())\n"
  }
}
