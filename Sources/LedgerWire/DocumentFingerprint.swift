import CBOR
import Corpus

/// What tells whether two documents say the same, without their text.
///
/// It is the digest of the normalised text and the low halves of its ``MinHash``: 288 bytes. Who has
/// a text can see whether a fingerprint is its own; the text cannot be got back from it.
package struct DocumentFingerprint: Hashable, Sendable {
  package static let signatureBytes = 2 * MinHash.count
  /// Bands of four values each, as `DuplicateClusters` has them.
  package static let bandCount = MinHash.count / 4
  /// Texts with so much in common are one; the estimate has a standard error of at most 0.044.
  package static let threshold = DuplicateClusters.threshold

  /// Of the normalised text.
  package let digest: Digest
  /// The values' low halves, each in two bytes, lowest first.
  package let signature: [UInt8]

  package init(_ text: String) {
    let normalized = NormalizedText(text)
    digest = normalized.digest
    signature = MinHash(Shingles(normalized)).values.flatMap { value in
      [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
  }

  /// Nil for a signature of another length.
  package init?(digest: Digest, signature: [UInt8]) {
    guard signature.count == Self.signatureBytes else { return nil }
    self.digest = digest
    self.signature = signature
  }

  /// The estimated Jaccard similarity of the texts' shingles.
  package func similarity(_ other: DocumentFingerprint) -> Double {
    var equal = 0
    for start in stride(from: 0, to: Self.signatureBytes, by: 2) {
      let isLowEqual = signature[start] == other.signature[start]
      let isHighEqual = signature[start + 1] == other.signature[start + 1]
      if isLowEqual && isHighEqual { equal += 1 }
    }
    return Double(equal) / Double(MinHash.count)
  }

  /// Texts that are similar have one of these in common, at the same place.
  package var bands: [Int] {
    (0..<Self.bandCount).map { band in
      var value: UInt64 = 0
      for byte in signature[(8 * band)..<(8 * band + 8)] { value = value << 8 | UInt64(byte) }
      return Int(truncatingIfNeeded: value)
    }
  }

  var cbor: CBOR { [.bytes(digest.bytes), .bytes(signature)] }

  init(_ value: CBOR, index: Int) throws(CBORError) {
    guard case .array(let parts) = value, parts.count == 2,
      case .bytes(let digestBytes) = parts[0], case .bytes(let signature) = parts[1],
      let digest = Digest(bytes: digestBytes),
      let fingerprint = DocumentFingerprint(digest: digest, signature: signature)
    else {
      throw CBORError(
        .wrongField, field: "shard.documents[\(index)]", found: "another \(value.kind)",
        expected: "an array of a digest and \(Self.signatureBytes) bytes")
    }
    self = fingerprint
  }
}
