/// What becomes of sentences that an earlier contributor's document has as well.
///
/// A document that is nothing but a copy is not retrieved. One that mixes copied sentences with its own
/// is, and would share the credit for what it copied. Where the earlier document is read beside it, the
/// copied sentences of the later one are not: the answer loses nothing, and nobody earns by quoting.
struct Quotations {
  /// The weight of common stems, as a part of all in the sentence that has more of its own, from which on
  /// one is a quotation of the other.
  ///
  /// Higher than for copies of whole passages (`CopiedSentences`), since here one sentence decides: two
  /// honest ones of one form, about two places with two values, have more than half in common.
  static let threshold = 0.7
  /// A shorter sentence is anybody's.
  static let leastWords = 8

  let lexicon: Lexicon

  /// A sentence as its distinct content stems, ascending.
  private struct Sentence {
    let stems: [String]
    let isLong: Bool
  }

  /// The same sources, in which quotations of each other are marked as unread.
  ///
  /// `precedence`: of each source, lower is earlier. Which sentences those are depends on all sources and
  /// on none of the question, so that every coalition is read alike.
  func leftOut(of sources: [Source], precedence: [Int]) -> [Source] {
    let sentences = sources.map { source in
      source.sentences.map {
        Sentence(stems: Stems.content(of: $0), isLong: Stems.words(of: $0).count >= Self.leastWords)
      }
    }
    var marked = sources
    for (index, source) in sources.enumerated() {
      let earlier = sources.indices.filter {
        sources[$0].player != source.player && precedence[$0] < precedence[index]
      }.flatMap { sentences[$0] }
      for (number, sentence) in sentences[index].enumerated()
      where sentence.isLong && earlier.contains(where: { isQuotation(sentence, of: $0) }) {
        marked[index].unread.insert(number)
      }
    }
    return marked
  }

  private func isQuotation(_ sentence: Sentence, of other: Sentence) -> Bool {
    guard other.isLong else { return false }
    let common = Set(sentence.stems).intersection(other.stems)
    let larger = max(weight(of: sentence.stems), weight(of: other.stems))
    return larger > 0 && weight(of: common.sorted()) >= Self.threshold * larger
  }

  private func weight(of stems: [String]) -> Double {
    stems.reduce(0) { $0 + lexicon.inverseFrequency($1) }
  }
}
