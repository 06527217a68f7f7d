import Foundation
import TransparencyLog

/// A token that admits one agent to one log, signed by the log's key.
///
/// It is one word: `tributary-invitation.` and base64url of the key's id, the invitation's id, its
/// last second, and an Ed25519 signature. What is signed is the text of a note that begins with
/// another line than a checkpoint or a policy.
package struct Invitation: Equatable, Sendable {
  private static let prefix = "tributary-invitation."
  private static let firstLine = "tributary-invitation/v1"
  private static let idBytes = 16
  package static let byteCount = 4 + idBytes + 8 + 64

  /// Random; what the ledger keeps of a token that was used.
  package let id: [UInt8]
  /// The last second at which it is taken, since 1970-01-01 UTC.
  package let expires: Int
  private let keyID: UInt32
  private let signature: [UInt8]

  /// A new invitation to the log of that key.
  package static func issue(by signer: NoteSigner, expires: Int) throws -> Invitation {
    let id = (0..<idBytes).map { _ in UInt8.random(in: .min ... .max) }
    let text = text(origin: signer.verifier.name, id: id, expires: expires)
    let note = try SignedNote(text: text, signers: [signer])
    return Invitation(
      id: id, expires: expires, keyID: signer.verifier.keyID, signature: note.signatures[0].bytes)
  }

  private init(id: [UInt8], expires: Int, keyID: UInt32, signature: [UInt8]) {
    self.id = id
    self.expires = expires
    self.keyID = keyID
    self.signature = signature
  }

  /// Reads the fields without trusting them.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    keyID = UInt32(truncatingIfNeeded: Self.number(bytes[..<4]))
    id = Array(bytes[4..<20])
    guard let expires = Int(exactly: Self.number(bytes[20..<28])) else { return nil }
    self.expires = expires
    signature = Array(bytes[28...])
  }

  package var bytes: [UInt8] {
    Self.bigEndian(UInt64(keyID), 4) + id + Self.bigEndian(UInt64(expires), 8) + signature
  }

  /// Reads a token without trusting it.
  package init(token: String) throws(NoteError) {
    let text = token.trimmingCharacters(in: .whitespacesAndNewlines)
    var base64 = text.dropFirst(Self.prefix.count)
      .replacing("-", with: "+").replacing("_", with: "/")
    while base64.count % 4 != 0, base64.count < 1000 { base64 += "=" }
    guard text.hasPrefix(Self.prefix), let bytes = strictBase64(base64),
      let invitation = Invitation(bytes: bytes), invitation.token == text
    else {
      throw NoteError(
        field: "invitation", found: "\"\(text.prefix(40))\" of \(text.utf8.count) characters",
        expected: "the whole word that 'tributary-ledger invite' printed, \(Self.prefix)...")
    }
    self = invitation
  }

  /// The invitation as one word.
  package var token: String {
    Self.prefix
      + Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  /// Throws unless that log's key signed it and it has not expired.
  package func verify(by verifier: NoteVerifier, now: Int) throws(LedgerRefusal) {
    guard keyID == verifier.keyID else {
      throw LedgerRefusal(
        .wrongOrigin, field: "invitation", found: "one to another log",
        expected: "one to \(verifier.name)")
    }
    let text = Self.text(origin: verifier.name, id: id, expires: expires)
    let line = SignedNote.Signature(
      name: verifier.name, keyID: verifier.keyID, bytes: signature)
    guard case .valid = SignedNote(text: text, signatures: [line]).verify(by: verifier) else {
      throw LedgerRefusal(
        .badSignature, field: "invitation", found: "a signature that does not fit",
        expected: "one by the log \(verifier.name); is the token damaged?")
    }
    guard now <= expires else {
      throw LedgerRefusal(
        .notAdmitted, field: "invitation", found: "one that expired at \(expires)",
        expected: "one that holds at \(now); ask for a new one")
    }
  }

  private static func text(origin: String, id: [UInt8], expires: Int) -> String {
    "\(firstLine)\norigin \(origin)\nid \(Data(id).base64EncodedString())\nexpires \(expires)\n"
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func bigEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
  }
}
