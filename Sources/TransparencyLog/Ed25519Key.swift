import Crypto
import Foundation

/// What an Ed25519 key signs in a note, as the byte before the key says (C2SP signed-note,
/// signature types).
enum SignatureType: UInt8, Sendable {
  /// The note's text.
  case note = 0x01
  /// The text of a checkpoint and the time at which a witness saw it.
  case cosignature = 0x04

  /// Whose keys have this type, for messages.
  var holder: String {
    switch self {
    case .note: "log"
    case .cosignature: "witness"
    }
  }
}

/// A named Ed25519 public key for one type of signature.
struct Ed25519PublicKey: Hashable, Sendable {
  static let byteCount = 32

  let name: String
  let type: SignatureType
  let bytes: [UInt8]

  /// SHA-256(name || 0x0A || type || public key)[:4], big-endian.
  let keyID: UInt32

  init(
    name: String, type: SignatureType, bytes: some Collection<UInt8>
  ) throws(NoteError) {
    try checkKeyName(name)
    guard bytes.count == Self.byteCount else {
      throw NoteError(field: "public key", found: "\(bytes.count) bytes", expected: "32 bytes")
    }
    self.name = name
    self.type = type
    self.bytes = Array(bytes)
    let digest = SHA256.hash(data: Array(name.utf8) + [0x0A, type.rawValue] + bytes)
    keyID = digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads `name+hex(key id)+base64(type || public key)`.
  init(vkey: String, type: SignatureType) throws(NoteError) {
    let field = "\(type.holder) key"
    let parts = vkey.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      throw NoteError(field: field, found: "\(parts.count) parts", expected: "name+id+base64")
    }
    let expected = "base64 of \(hex(type.rawValue)) and 32 bytes of Ed25519 key"
    guard let key = strictBase64(parts[2]), let first = key.first else {
      throw NoteError(field: field, found: "unreadable key bytes", expected: expected)
    }
    guard first == type.rawValue, key.count == 1 + Self.byteCount else {
      throw NoteError(
        field: field, found: "signature type \(hex(first)) and \(key.count - 1) bytes",
        expected: expected)
    }
    try self.init(name: String(parts[0]), type: type, bytes: key.dropFirst())
    guard parts[1] == keyIDText else {
      throw NoteError(field: "\(field) id", found: String(parts[1]), expected: keyIDText)
    }
  }

  /// The text in which verifiers share the key.
  var vkey: String {
    "\(name)+\(keyIDText)+\(Data([type.rawValue] + bytes).base64EncodedString())"
  }

  var keyIDText: String {
    let text = String(keyID, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  func verify(_ message: [UInt8], signature: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(signature, for: message)
  }
}

/// The private half of an ``Ed25519PublicKey``.
struct Ed25519PrivateKey: Sendable {
  let publicKey: Ed25519PublicKey
  private let key: Curve25519.Signing.PrivateKey

  init(
    name: String, type: SignatureType, key: Curve25519.Signing.PrivateKey
  ) throws(NoteError) {
    self.key = key
    publicKey = try Ed25519PublicKey(
      name: name, type: type, bytes: Array(key.publicKey.rawRepresentation))
  }

  /// Reads `PRIVATE+KEY+name+hex(key id)+base64(type || seed)`, as Go's note package writes it.
  init(skey: String, type: SignatureType) throws(NoteError) {
    let parts = skey.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY",
      let seed = strictBase64(parts[4]), seed.count == 33, seed[0] == type.rawValue,
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed.dropFirst())
    else {
      throw NoteError(
        field: "private key", found: "other text",
        expected: "PRIVATE+KEY+name+id+base64 of a \(type.holder)'s key")
    }
    try self.init(name: String(parts[2]), type: type, key: key)
    guard parts[3] == publicKey.keyIDText else {
      throw NoteError(
        field: "private key id", found: String(parts[3]), expected: publicKey.keyIDText)
    }
  }

  /// The text in which the private key is kept; it must not leave the machine.
  var skey: String {
    let seed = Data([publicKey.type.rawValue] + key.rawRepresentation).base64EncodedString()
    return "PRIVATE+KEY+\(publicKey.name)+\(publicKey.keyIDText)+\(seed)"
  }

  func sign(_ message: [UInt8]) throws -> [UInt8] {
    Array(try key.signature(for: message))
  }
}

private func hex(_ byte: UInt8) -> String {
  (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16)
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
