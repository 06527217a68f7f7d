/// Finds passages that consist of sentences of somebody else's earlier document.
///
/// `DuplicateClusters` compares whole texts: the sentences of a document in another order, one of them
/// alone, or all of them with synonyms, are no near-duplicate of it. Here a passage is a copy when four
/// fifths of its words stand in sentences that one earlier document of another contributor has as well,
/// word for word or nearly so: words in common, weighed by their rarity, are ``leastOverlap`` of either
/// sentence, and ``leastMean`` on the mean over those words. A passage that quotes a sentence beside its
/// own is none. A sentence in which little but the answer differs is a copy too.
package enum CopiedSentences {
  package static let threshold = 0.8
  /// A shorter sentence is anybody's.
  package static let leastWords = 8
  /// Different sentences on one subject have less in common, 95 of 100 of them below a third.
  package static let leastOverlap = 0.45
  package static let leastMean = 0.65
  /// Bounds what a sentence that stands everywhere can cost.
  private static let maximumHolders = 64

  /// A passage as its sentences, of which only the words count.
  package struct Passage: Sendable {
    package let id: Int64
    package let document: Int64
    package let contributor: ContributorKey
    fileprivate let sentences: [SentenceWords]

    package init(id: Int64, document: Int64, contributor: ContributorKey, sentences: [String]) {
      self.id = id
      self.document = document
      self.contributor = contributor
      self.sentences = sentences.map(SentenceWords.init)
    }
  }

  /// For every passage that is a copy, the passage that holds most of it in the earliest document that
  /// holds enough.
  ///
  /// `passages` are in order of precedence, earliest first, those of a document one after the other.
  package static func owners(of passages: [Passage]) -> [Int64: Int64] {
    var earlier = EarlierSentences(passages)
    var owners: [Int64: Int64] = [:]
    for place in passages.indices {
      if let owner = earlier.owner(of: place) { owners[passages[place].id] = passages[owner].id }
      earlier.insert(place)
    }
    return owners
  }

  /// What stands in the passages before one.
  private struct EarlierSentences {
    private let passages: [Passage]
    /// Documents, counted in their order, by passage.
    private let documents: [Int]
    private var exact: [Digest: [Int]] = [:]
    private var near: SentenceIndex

    init(_ passages: [Passage]) {
      self.passages = passages
      var weights = WordWeights()
      var documents: [Int] = []
      for (place, passage) in passages.enumerated() {
        let isNew = place > 0 && passages[place - 1].document != passage.document
        documents.append((documents.last ?? 0) + (isNew ? 1 : 0))
        for sentence in passage.sentences { weights.count(sentence) }
      }
      self.documents = documents
      near = SentenceIndex(weights: weights)
    }

    mutating func insert(_ place: Int) {
      for sentence in passages[place].sentences where sentence.count >= leastWords {
        let known = exact[sentence.digest, default: []]
        // Neighbouring passages share a sentence; the first stands for both.
        if let last = known.last, documents[last] == documents[place] { continue }
        // What stands in several places is found by its digest.
        if known.isEmpty { near.insert(sentence, place: place) }
        if known.count < maximumHolders { exact[sentence.digest, default: []].append(place) }
      }
    }

    /// Words of a passage that stand in an earlier document.
    private struct Copied {
      /// Words, and words times what of them is common.
      var (words, overlap) = (0, 0.0)
      var byPlace: [Int: Int] = [:]
    }

    func owner(of place: Int) -> Int? {
      let passage = passages[place]
      let total = passage.sentences.reduce(0) { $0 + $1.count }
      var copied: [Int: Copied] = [:]
      for sentence in passage.sentences where sentence.count >= leastWords {
        for (document, best) in bestMatches(of: sentence, contributor: passage.contributor) {
          copied[document, default: Copied()].words += sentence.count
          copied[document]?.overlap += Double(sentence.count) * best.overlap
          copied[document]?.byPlace[best.place, default: 0] += sentence.count
        }
      }
      let earliest = copied.filter { _, copied in
        Double(copied.words) >= threshold * Double(total)
          && copied.overlap >= leastMean * Double(copied.words)
      }.min { $0.key < $1.key }
      return earliest?.value.byPlace.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    /// By document, the passage of it that has most of the sentence.
    private func bestMatches(
      of sentence: SentenceWords, contributor: ContributorKey
    ) -> [Int: (place: Int, overlap: Double)] {
      let isOther = { (place: Int) in passages[place].contributor != contributor }
      let equal = (exact[sentence.digest] ?? []).filter(isOther).map { (place: $0, overlap: 1.0) }
      let nearly = near.matches(sentence, atLeast: leastOverlap, where: isOther)
      return Dictionary((equal + nearly).map { (documents[$0.place], $0) }) { first, second in
        second.overlap > first.overlap ? second : first
      }
    }
  }
}
