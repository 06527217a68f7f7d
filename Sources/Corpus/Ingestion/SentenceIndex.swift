import Foundation

/// A sentence as its words, for comparing it with others word for word and nearly so.
struct SentenceWords: Sendable {
  /// Of the words in their order.
  let digest: Digest
  /// How many words there are, repetitions counted.
  let count: Int
  /// Their distinct hashes, ascending; empty where words of this script cannot be told apart.
  let words: [UInt64]

  init(_ sentence: String) {
    let text = NormalizedText(sentence)
    let words = text.words
    digest = text.digest
    count = words.count
    // Characters are words where a script has no spaces: sentences on one subject share most of them.
    let characters = words.count { $0.count <= 4 && ($0.first ?? 0) >= 0xE3 }
    self.words = 2 * characters > words.count ? [] : Set(words.map(Shingles.hash)).sorted()
  }
}

/// How much a word says: the logarithm of how rarely sentences hold it.
struct WordWeights: Sendable {
  private var frequencies: [UInt64: Int32] = [:]
  private var sentences = 0.0

  mutating func count(_ sentence: SentenceWords) {
    sentences += 1
    for word in sentence.words { frequencies[word, default: 0] += 1 }
  }

  func weight(of word: UInt64) -> Double {
    log((sentences + 1) / (Double(frequencies[word] ?? 0) + 0.5))
  }

  func sum(of words: [UInt64]) -> Double { words.reduce(0) { $0 + weight(of: $1) } }

  /// The weight of common words as a part of all in the sentence that has more of its own, 0 to 1.
  func overlap(_ a: [UInt64], _ b: [UInt64]) -> Double {
    var (i, j) = (0, 0)
    var (common, onlyA, onlyB) = (0.0, 0.0, 0.0)
    while i < a.count || j < b.count {
      if j == b.count || (i < a.count && a[i] < b[j]) {
        onlyA += weight(of: a[i])
        i += 1
      } else if i == a.count || b[j] < a[i] {
        onlyB += weight(of: b[j])
        j += 1
      } else {
        common += weight(of: a[i])
        i += 1
        j += 1
      }
    }
    let larger = common + max(onlyA, onlyB)
    return larger > 0 ? common / larger : 0
  }
}

/// The sentences of earlier passages, found by their words.
///
/// A word leads to the earliest sentences that hold it, so that nobody who comes later can hide one.
/// What a sentence costs is bounded by the two limits, whatever the others hold.
struct SentenceIndex {
  /// Sentences that a word leads to.
  private static let maximumHolders = 128
  /// Words of a sentence that are looked up, those with the fewest holders first.
  private static let maximumLookups = 10
  /// Sentences that are compared word for word, the earliest first.
  private static let maximumCompared = 64

  private let weights: WordWeights
  private var sentences: [(words: [UInt64], place: Int)] = []
  private var holders: [UInt64: [Int32]] = [:]

  init(weights: WordWeights) { self.weights = weights }

  mutating func insert(_ sentence: SentenceWords, place: Int) {
    guard !sentence.words.isEmpty else { return }
    let number = Int32(sentences.count)
    var isHeld = false
    for word in sentence.words where holders[word, default: []].count < Self.maximumHolders {
      holders[word, default: []].append(number)
      isHeld = true
    }
    if isHeld { sentences.append((sentence.words, place)) }
  }

  /// The passages with a sentence of nearly the same words, and the share that both have.
  ///
  /// `isOther` says of a passage whether it may be compared with.
  func matches(
    _ sentence: SentenceWords, atLeast least: Double, where isOther: (Int) -> Bool
  ) -> [(place: Int, overlap: Double)] {
    let rarest = sentence.words.compactMap { word in holders[word].map { (word, $0) } }
      .sorted { ($0.1.count, $0.0) < ($1.1.count, $1.0) }.prefix(Self.maximumLookups)
    var shared: [Int32: Double] = [:]
    for (word, numbers) in rarest {
      let weight = weights.weight(of: word)
      for number in numbers where isOther(sentences[Int(number)].place) {
        shared[number, default: 0] += weight
      }
    }
    // Synonyms and fillers are rare words as well, so a part of the looked up weight has to do.
    let enough = least / 2 * weights.sum(of: rarest.map(\.0))
    let near = shared.filter { $0.value >= enough }.keys.sorted().prefix(Self.maximumCompared)
    return near.compactMap { number in
      let other = sentences[Int(number)]
      let overlap = weights.overlap(sentence.words, other.words)
      return overlap >= least ? (other.place, overlap) : nil
    }
  }
}
