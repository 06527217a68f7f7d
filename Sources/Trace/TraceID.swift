import Corpus
import Crypto

/// The random name of a trace, 16 bytes, derived from its secret.
package struct TraceID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The first eight bytes as one number, and the last.
  private let (high, low): (UInt64, UInt64)

  init(high: UInt64, low: UInt64) {
    (self.high, self.low) = (high, low)
  }

  /// Wraps 16 bytes; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    let word = { (bytes: ArraySlice<UInt8>) in bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } }
    self.init(high: word(bytes[..<8]), low: word(bytes[8...]))
  }

  /// Always 16 bytes.
  package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  package func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    Swift.withUnsafeBytes(of: (high.bigEndian, low.bigEndian), body)
  }

  /// Reads 32 lowercase hexadecimal digits.
  package init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
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
    (left.high, left.low) < (right.high, right.low)
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
