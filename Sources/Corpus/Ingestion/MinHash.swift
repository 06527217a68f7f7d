/// 128 minima of a shingle set under fixed hash functions (Broder 1997): the share of equal places
/// of two signatures estimates the Jaccard similarity of their sets, with a standard error of at
/// most 0.044.
package struct MinHash: Equatable, Sendable {
  package static let count = 128
  package static let byteCount = count * 4

  /// `count` values.
  package let values: [UInt32]

  package init(_ shingles: Shingles) {
    var values = [UInt32](repeating: .max, count: Self.count)
    for shingle in shingles.hashes {
      for index in 0..<Self.count {
        let hash = (Self.factors[index] &* shingle &+ Self.offsets[index]) >> 32
        values[index] = min(values[index], UInt32(truncatingIfNeeded: hash))
      }
    }
    self.values = values
  }

  /// Reads what `bytes` wrote; nil for another length.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    values = (0..<Self.count).map { index in
      (0..<4).reduce(0) { $0 | UInt32(bytes[index * 4 + $1]) << UInt32(8 * $1) }
    }
  }

  /// The values, each in four bytes, lowest first.
  package var bytes: [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  /// The estimated Jaccard similarity.
  package func similarity(_ other: MinHash) -> Double {
    Double(zip(values, other.values).count { $0 == $1 }) / Double(Self.count)
  }

  // Multiply-shift functions; the seeds are part of the index format.
  private static let factors = (0..<UInt64(count)).map { SplitMix.mix($0 &+ 1) | 1 }
  private static let offsets = (0..<UInt64(count)).map { SplitMix.mix($0 &+ 0x1_0000) }
}
