import Corpus
import LedgerWire

/// The documents of one claim, to be asked whether one of them says what another document says.
///
/// The rule is that of ``DocumentRegistry``, and made-up fingerprints cost no more than they do there.
struct FingerprintIndex {
  private static let maximumBucket = 64
  private static let maximumCompared = 256

  private struct Band: Hashable {
    let number: Int
    let value: Int
  }

  private let documents: [DocumentFingerprint]
  private let digests: Set<Corpus.Digest>
  private let bands: [Band: [Int]]

  init(_ documents: [DocumentFingerprint]) {
    self.documents = documents
    digests = Set(documents.map(\.digest))
    var bands: [Band: [Int]] = [:]
    for (index, document) in documents.enumerated() {
      for (number, value) in document.bands.enumerated() {
        bands[Band(number: number, value: value), default: []].append(index)
      }
    }
    self.bands = bands
  }

  /// Whether one of the documents has the same words, or similar ones.
  func contains(_ other: DocumentFingerprint) -> Bool {
    if digests.contains(other.digest) { return true }
    var seen: Set<Int> = []
    for (number, value) in other.bands.enumerated() {
      let bucket = bands[Band(number: number, value: value)] ?? []
      for index in bucket.prefix(Self.maximumBucket) where seen.insert(index).inserted {
        if documents[index].similarity(other) >= DocumentFingerprint.threshold { return true }
        guard seen.count < Self.maximumCompared else { return false }
      }
    }
    return false
  }
}
