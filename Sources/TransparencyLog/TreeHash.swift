import Crypto

/// A node of the Merkle tree: 32 bytes of SHA-256 as RFC 6962 section 2.1 defines them.
package struct TreeHash: Hashable, Sendable {
  package static let byteCount = 32

  package let bytes: [UInt8]

  /// Accepts exactly 32 bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  private init(_ digest: SHA256Digest) {
    bytes = digest.withUnsafeBytes { Array($0) }
  }

  /// The root of the tree without leaves: SHA-256 of nothing.
  package static let emptyTree = TreeHash(SHA256.hash(data: [UInt8]()))

  /// SHA-256(0x00 || data): what the tree holds for one entry.
  package static func leaf(_ data: [UInt8]) -> TreeHash {
    var input: [UInt8] = []
    input.reserveCapacity(1 + data.count)
    input.append(0x00)
    input += data
    return TreeHash(SHA256.hash(data: input))
  }

  /// SHA-256(0x01 || left || right).
  package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
    var input: [UInt8] = []
    input.reserveCapacity(1 + 2 * byteCount)
    input.append(0x01)
    input += left.bytes
    input += right.bytes
    return TreeHash(SHA256.hash(data: input))
  }
}

extension TreeHash: CustomStringConvertible {
  /// Lowercase hexadecimal.
  package var description: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
