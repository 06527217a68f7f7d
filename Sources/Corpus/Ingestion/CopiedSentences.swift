/// Finds passages that consist of sentences of somebody else's earlier document.
///
/// `DuplicateClusters` compares whole texts: the sentences of a document in another order, or one of
/// them alone, are no near-duplicate of it. Here a passage is a copy when four fifths of its words stand
/// in sentences that one earlier document of another contributor has word for word, case and
/// punctuation aside. A passage that quotes a sentence beside its own is none.
package enum CopiedSentences {
  package static let threshold = 0.8
  /// A shorter sentence is anybody's.
  package static let leastWords = 8
  /// Bounds what a sentence that stands everywhere can cost.
  private static let maximumHolders = 64

  /// A passage as its sentences, of which only the words count.
  package struct Passage: Sendable {
    package let id: Int64
    package let document: Int64
    package let contributor: ContributorKey
    fileprivate let sentences: [(digest: Digest, words: Int)]

    package init(id: Int64, document: Int64, contributor: ContributorKey, sentences: [String]) {
      self.id = id
      self.document = document
      self.contributor = contributor
      self.sentences = sentences.map {
        let text = NormalizedText($0)
        return (text.digest, text.words.count)
      }
    }
  }

  /// For every passage that is a copy, the passage that holds most of it in the earliest document that
  /// holds enough.
  ///
  /// `passages` are in order of precedence, earliest first, those of a document one after the other.
  package static func owners(of passages: [Passage]) -> [Int64: Int64] {
    var owners: [Int64: Int64] = [:]
    var holders: [Digest: [Holder]] = [:]
    var document = 0
    for (place, passage) in passages.enumerated() {
      if place > 0, passages[place - 1].document != passage.document { document += 1 }
      if let owner = owner(of: passage, among: holders) { owners[passage.id] = passages[owner].id }
      let holder = Holder(place: place, document: document, contributor: passage.contributor)
      for sentence in passage.sentences where sentence.words >= leastWords {
        let known = holders[sentence.digest, default: []]
        // Neighbouring passages share a sentence; the first stands for both.
        guard known.count < maximumHolders, known.last?.document != document else { continue }
        holders[sentence.digest, default: []].append(holder)
      }
    }
    return owners
  }

  /// A passage in which a sentence stands; passages and documents are counted in their order.
  private struct Holder {
    let place: Int
    let document: Int
    let contributor: ContributorKey
  }

  private static func owner(of passage: Passage, among holders: [Digest: [Holder]]) -> Int? {
    let total = passage.sentences.reduce(0) { $0 + $1.words }
    /// Words by document, then by passage.
    var copied: [Int: [Int: Int]] = [:]
    for sentence in passage.sentences {
      for holder in holders[sentence.digest] ?? [] where holder.contributor != passage.contributor {
        copied[holder.document, default: [:]][holder.place, default: 0] += sentence.words
      }
    }
    let earliest = copied.filter { document in
      Double(document.value.values.reduce(0, +)) >= threshold * Double(total)
    }.min { $0.key < $1.key }
    return earliest?.value.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }
}
