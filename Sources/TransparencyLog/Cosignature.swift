/// A witness's statement that at a time it knew no larger consistent tree of a log than the one in
/// the checkpoint (C2SP tlog-cosignature, Ed25519).
package struct Cosignature: Equatable, Sendable {
  /// The bytes of a signature line: the time and the Ed25519 signature.
  static let byteCount = 8 + 64

  /// Seconds since 1970-01-01 UTC, at most 2^63 - 1.
  package let time: UInt64
  let signature: [UInt8]

  init(time: UInt64, signature: [UInt8]) {
    self.time = time
    self.signature = signature
  }

  /// Reads `u64 time || signature`, big-endian.
  init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    time = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    guard time <= UInt64(Int64.max) else { return nil }
    signature = Array(bytes.dropFirst(8))
  }

  var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) } + signature
  }

  /// What is signed: a header line, the time, and the whole text of the checkpoint.
  static func message(text: String, time: UInt64) -> [UInt8] {
    Array("cosignature/v1\ntime \(time)\n\(text)".utf8)
  }
}

/// What the look for a witness's cosignature found.
package enum CosignatureVerdict: Equatable, Sendable {
  case valid(Cosignature)
  /// The witness signed nothing here.
  case absent
  /// A line has the name and the key id of the witness, and is not its signature.
  case invalid(reason: String)
}
