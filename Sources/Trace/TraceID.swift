import Corpus
import Crypto

/// The random name of a trace, 16 bytes, derived from its secret.
package struct TraceID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let bytes: [UInt8]

  /// Wraps 16 bytes; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads 32 lowercase hexadecimal digits.
  package init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  // An array's own way feeds the hasher byte by byte.
  package func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  package var hex: String { Hex.encode(bytes) }
  package var description: String { hex }
  package var short: String { String(hex.prefix(8)) }

  /// The seed of sampled attribution, so that a validator draws the same coalitions.
  package var seed: UInt64 {
    Corpus.Digest(sha256: Array("tributary sampling seed v1\0".utf8) + bytes).bytes
      .prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package static func < (left: TraceID, right: TraceID) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

/// The 32 random bytes from which the id and all salts of one trace are derived (HKDF-SHA256).
package struct TraceSecret: Equatable, Sendable {
  package let bytes: [UInt8]

  /// Draws a new secret.
  package init() {
    bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  }

  /// Wraps 32 bytes; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  package var id: TraceID {
    guard let id = TraceID(bytes: derive("tributary trace id v1", count: 16)) else {
      preconditionFailure("HKDF gave a wrong number of bytes")
    }
    return id
  }

  func salt(of field: PrivateField) -> [UInt8] {
    derive("tributary trace salt v1 \(field.rawValue)", count: 32)
  }

  private func derive(_ purpose: String, count: Int) -> [UInt8] {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: bytes), info: Array(purpose.utf8),
      outputByteCount: count
    ).withUnsafeBytes { Array($0) }
  }
}
