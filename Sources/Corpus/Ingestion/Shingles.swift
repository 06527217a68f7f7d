/// The set of a text's word 5-shingles, each as a 64-bit hash.
///
/// A text of fewer than five words is one shingle; a text without words has none.
package struct Shingles: Equatable, Sendable {
  static let length = 5

  package let hashes: Set<UInt64>

  package init(_ text: NormalizedText) {
    let words = text.words.map(Self.hash)
    guard words.count > Self.length else {
      hashes = words.isEmpty ? [] : [Self.combine(words[...])]
      return
    }
    hashes = Set((0...(words.count - Self.length)).map { Self.combine(words[$0..<($0 + 5)]) })
  }

  /// The size of the intersection over that of the union; 0 if either is empty.
  package func jaccard(_ other: Shingles) -> Double {
    let common = intersectionCount(other)
    let union = hashes.count + other.hashes.count - common
    return union == 0 ? 0 : Double(common) / Double(union)
  }

  /// How much of this set `other` holds as well.
  package func containment(in other: Shingles) -> Double {
    hashes.isEmpty ? 0 : Double(intersectionCount(other)) / Double(hashes.count)
  }

  package func intersectionCount(_ other: Shingles) -> Int {
    let (small, large) =
      hashes.count < other.hashes.count ? (hashes, other.hashes) : (other.hashes, hashes)
    return small.count { large.contains($0) }
  }

  /// FNV-1a, 64 bit.
  static func hash(_ word: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }

  private static func combine(_ words: ArraySlice<UInt64>) -> UInt64 {
    words.reduce(0) { SplitMix.mix(($0 &+ 0x9e37_79b9_7f4a_7c15) ^ $1) }
  }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom generators).
enum SplitMix {
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
