import Crypto

/// A SHA-256 hash: the name of a shard, a document, a frame or a batch.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Always 32 bytes.
  package let bytes: [UInt8]

  /// Hashes `bytes`.
  package init(sha256 bytes: [UInt8]) {
    self.bytes = SHA256.hash(data: bytes).withUnsafeBytes { Array($0) }
  }

  /// Wraps 32 bytes that are a hash already; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 lowercase hexadecimal digits.
  package init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  package var hex: String { Hex.encode(bytes) }
  package var description: String { hex }
  /// The first eight digits, enough to tell a handful of digests apart on a screen.
  package var short: String { String(hex.prefix(8)) }

  package static func < (left: Digest, right: Digest) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  // An array's own way feeds the hasher byte by byte.
  package func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

/// Lowercase hexadecimal, the only spelling of keys and digests in files, URLs and on screens.
package enum Hex {
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// Returns nil for an odd count or anything but `0-9a-f`, so that one value has one spelling.
  package static func decode(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x57
    default: nil
    }
  }
}
