import Crypto
import Foundation

/// Text that is not what its format asks for.
package struct NoteError: Error, Equatable, CustomStringConvertible {
  package let field: String
  package let found: String
  package let expected: String

  package init(field: String, found: String, expected: String) {
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String { "\(field): found \(found), expected \(expected)" }
}

/// The public half of a note's Ed25519 key (C2SP signed-note, signature type 0x01).
package struct NoteVerifier: Hashable, Sendable {
  static let ed25519: UInt8 = 0x01

  package let name: String
  package let publicKey: [UInt8]

  /// SHA-256(name || 0x0A || 0x01 || public key)[:4], big-endian.
  package let keyID: UInt32

  package init(name: String, publicKey: some Collection<UInt8>) throws(NoteError) {
    try checkKeyName(name)
    guard publicKey.count == 32 else {
      throw NoteError(
        field: "public key", found: "\(publicKey.count) bytes", expected: "32 bytes")
    }
    self.name = name
    self.publicKey = Array(publicKey)
    let digest = SHA256.hash(data: Array(name.utf8) + [0x0A, Self.ed25519] + publicKey)
    keyID = digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads `name+hex(key id)+base64(0x01 || public key)`.
  package init(vkey: String) throws(NoteError) {
    let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      throw NoteError(
        field: "log key", found: "\(parts.count) parts", expected: "name+id+base64")
    }
    guard let key = strictBase64(parts[2]), key.count == 33, key[0] == Self.ed25519 else {
      throw NoteError(
        field: "log key", found: "unreadable key bytes",
        expected: "base64 of 0x01 and 32 bytes of Ed25519 key")
    }
    try self.init(name: String(parts[0]), publicKey: key.dropFirst())
    guard parts[1] == keyIDText else {
      throw NoteError(field: "log key id", found: String(parts[1]), expected: keyIDText)
    }
  }

  /// The text in which verifiers share the key.
  package var vkey: String {
    "\(name)+\(keyIDText)+\(Data([Self.ed25519] + publicKey).base64EncodedString())"
  }

  var keyIDText: String {
    let text = String(keyID, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  func verify(_ text: String, signature: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
      return false
    }
    return key.isValidSignature(signature, for: Array(text.utf8))
  }
}

/// The private half of a note's Ed25519 key.
package struct NoteSigner: Sendable {
  package let verifier: NoteVerifier
  private let key: Curve25519.Signing.PrivateKey

  package init(name: String, key: Curve25519.Signing.PrivateKey) throws(NoteError) {
    self.key = key
    verifier = try NoteVerifier(name: name, publicKey: Array(key.publicKey.rawRepresentation))
  }

  /// Reads `PRIVATE+KEY+name+hex(key id)+base64(0x01 || seed)`, as Go's note package writes it.
  package init(skey: String) throws(NoteError) {
    let parts = skey.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY",
      let seed = strictBase64(parts[4]), seed.count == 33, seed[0] == NoteVerifier.ed25519,
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed.dropFirst())
    else {
      throw NoteError(
        field: "private key", found: "other text", expected: "PRIVATE+KEY+name+id+base64")
    }
    try self.init(name: String(parts[2]), key: key)
    guard parts[3] == verifier.keyIDText else {
      throw NoteError(
        field: "private key id", found: String(parts[3]), expected: verifier.keyIDText)
    }
  }

  /// The text in which the private key is kept; it must not leave the machine.
  package var skey: String {
    let seed = Data([NoteVerifier.ed25519] + key.rawRepresentation).base64EncodedString()
    return "PRIVATE+KEY+\(verifier.name)+\(verifier.keyIDText)+\(seed)"
  }

  func sign(_ text: String) throws -> [UInt8] {
    Array(try key.signature(for: Array(text.utf8)))
  }
}

/// Names are non-empty, without Unicode spaces, plus signs and control characters.
func checkKeyName(_ name: String) throws(NoteError) {
  let isGood =
    !name.isEmpty
    && name.unicodeScalars.allSatisfy {
      $0 != "+" && !$0.properties.isWhitespace && $0.value >= 0x20
    }
  guard isGood else {
    throw NoteError(
      field: "key name", found: "\"\(name)\"", expected: "a name without spaces and plus signs")
  }
}

/// RFC 4648 section 4 with padding and zero pad bits, so that bytes have one spelling only.
package func strictBase64(_ text: some StringProtocol) -> [UInt8]? {
  let text = String(text)
  guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
    return nil
  }
  return Array(data)
}
