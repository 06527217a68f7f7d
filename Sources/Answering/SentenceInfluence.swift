import Attribution

/// A sentence of a source.
package struct SentencePlace: Hashable, Sendable {
  /// Index into `Answer.sources`.
  package let source: Int
  /// Index into that source's sentences.
  package let sentence: Int

  package init(source: Int, sentence: Int) {
    self.source = source
    self.sentence = sentence
  }
}

/// What each sentence of the documents that matter did to one answer.
///
/// A sentence's influence is v(N) - v(N without it): what the answer loses in log-probability when it
/// alone is taken out of its passage and everything else stays. Where two sentences say the same,
/// taking out one of them costs nothing, so influences do not add up to their document's.
package struct SentenceInfluence: Sendable, Equatable {
  /// Which documents are looked into.
  package struct Limits: Sendable, Equatable {
    /// A document matters when its influence is at least one part in this many of that of all, both
    /// without regard to sign.
    package var smallestPart: Int
    /// Sentences taken out at most; whole documents, those of the largest influence first.
    package var sentences: Int

    package init(smallestPart: Int = 50, sentences: Int = 64) {
      self.smallestPart = max(1, smallestPart)
      self.sentences = sentences
    }
  }

  package struct Sentence: Sendable, Equatable {
    package let place: SentencePlace
    package let value: MicroNats
    /// What each of `Answer.tokenIDs` lost; they sum to `value`.
    package let tokens: [MicroNats]
  }

  /// Ascending by source, then sentence.
  package let sentences: [Sentence]
  /// Indices into `Answer.documents` of those that were looked into, ascending.
  package let documents: [Int]
  /// Documents that matter but would have gone beyond the limit, ascending.
  package let omitted: [Int]
  package let seconds: Double

  /// The largest influence first; among equals the earlier sentence.
  package var ranked: [Sentence] {
    sentences.enumerated().sorted {
      ($1.element.value, $0.offset) < ($0.element.value, $1.offset)
    }.map(\.element)
  }
}

extension Answerer {
  /// Measures the sentences of the documents that matter, all in one call of the scorer.
  ///
  /// `influence` is that of `answer`, measured now or derived from its trace.
  package func sentenceInfluence(
    of answer: Answer, influence: Influence, limits: SentenceInfluence.Limits = .init()
  ) throws -> SentenceInfluence {
    let clock = ContinuousClock()
    let start = clock.now
    let choice = DocumentChoice(answer, influence, limits)
    let places = answer.sentences(of: choice.chosen)
    let scorer = try scorer(for: answer)
    let whole = try scorer.tokenValues(of: [answer.partition.everyDocument])[0]
    let rows = try scorer.tokenValues(withoutEach: places)
    return SentenceInfluence(
      sentences: zip(places, rows).map { place, row in
        let lost = zip(whole, row).map { $0 - $1 }
        return SentenceInfluence.Sentence(
          place: place, value: lost.reduce(0, +), tokens: lost)
      },
      documents: choice.chosen, omitted: choice.omitted, seconds: (clock.now - start).seconds)
  }
}

/// The documents that matter, and those of them that the limit has room for.
private struct DocumentChoice {
  private(set) var chosen: [Int] = []
  private(set) var omitted: [Int] = []

  init(_ answer: Answer, _ influence: Influence, _ limits: SentenceInfluence.Limits) {
    let sizes = influence.documents.prefix(answer.documents.count).map { $0.owen.magnitude }
    let sum = sizes.reduce(0, +)
    let ranked = sizes.indices.filter { sizes[$0] > 0 }.sorted {
      (sizes[$1], $0) < (sizes[$0], $1)
    }
    var left = limits.sentences
    for document in ranked where sizes[document] >= sum / UInt64(limits.smallestPart) {
      let count = answer.sentences(of: [document]).count
      if count <= left {
        chosen.append(document)
        left -= count
      } else {
        omitted.append(document)
      }
    }
    chosen.sort()
    omitted.sort()
  }
}

extension Answer {
  /// Every sentence of documents, given as indices into `documents`, ascending.
  fileprivate func sentences(of documents: [Int]) -> [SentencePlace] {
    sources(of: Coalition(documents)).flatMap { source in
      sources[source].sentences.indices.map { SentencePlace(source: source, sentence: $0) }
    }
  }
}

extension Source {
  /// The text with one sentence cut out of it, and the white space after it.
  ///
  /// Where the sentences are not found in the text one after the other, they stand for it.
  func text(withoutSentence omitted: Int) -> String {
    var ranges: [Range<String.Index>] = []
    var rest = text.startIndex
    for sentence in sentences {
      guard let range = text[rest...].firstRange(of: sentence) else {
        return sentences.indices.filter { $0 != omitted }.map { sentences[$0] }
          .joined(separator: " ")
      }
      ranges.append(range)
      rest = range.upperBound
    }
    let next = omitted + 1 < ranges.count ? ranges[omitted + 1].lowerBound : text.endIndex
    return String(text[..<ranges[omitted].lowerBound] + text[next...])
  }
}
