import Crypto

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
  let key: Ed25519PublicKey

  package var name: String { key.name }
  package var publicKey: [UInt8] { key.bytes }

  /// SHA-256(name || 0x0A || 0x01 || public key)[:4], big-endian.
  package var keyID: UInt32 { key.keyID }

  package init(name: String, publicKey: some Collection<UInt8>) throws(NoteError) {
    key = try Ed25519PublicKey(name: name, type: .note, bytes: publicKey)
  }

  fileprivate init(_ key: Ed25519PublicKey) { self.key = key }

  /// Reads `name+hex(key id)+base64(0x01 || public key)`.
  package init(vkey: String) throws(NoteError) {
    key = try Ed25519PublicKey(vkey: vkey, type: .note)
  }

  /// The text in which verifiers share the key.
  package var vkey: String { key.vkey }

  func verify(_ text: String, signature: [UInt8]) -> Bool {
    key.verify(Array(text.utf8), signature: signature)
  }
}

/// The private half of a note's Ed25519 key.
package struct NoteSigner: Sendable {
  private let key: Ed25519PrivateKey

  package var verifier: NoteVerifier { NoteVerifier(key.publicKey) }

  package init(name: String, key: Curve25519.Signing.PrivateKey) throws(NoteError) {
    self.key = try Ed25519PrivateKey(name: name, type: .note, key: key)
  }

  /// Reads `PRIVATE+KEY+name+hex(key id)+base64(0x01 || seed)`, as Go's note package writes it.
  package init(skey: String) throws(NoteError) {
    key = try Ed25519PrivateKey(skey: skey, type: .note)
  }

  /// The text in which the private key is kept; it must not leave the machine.
  package var skey: String { key.skey }

  func sign(_ text: String) throws -> [UInt8] {
    try key.sign(Array(text.utf8))
  }
}
