import Crypto

/// The Ed25519 public key that is a contributor, or an agent.
package struct ContributorKey: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Always 32 bytes.
  package let bytes: [UInt8]

  /// Wraps the 32 raw bytes of a key; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 lowercase hexadecimal digits, the spelling that `description` writes.
  package init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  init(_ key: Curve25519.Signing.PublicKey) { bytes = Array(key.rawRepresentation) }

  // An array's own way feeds the hasher byte by byte.
  package func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  package var hex: String { Hex.encode(bytes) }
  package var description: String { hex }
  /// The first eight digits, for screens.
  package var short: String { String(hex.prefix(8)) }

  /// Whether `signature` is this key's Ed25519 signature over `message`.
  package func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(signature, for: message)
  }

  package static func < (left: ContributorKey, right: ContributorKey) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
