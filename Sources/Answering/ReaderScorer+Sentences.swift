import Attribution
import Inference

extension ReaderScorer {
  /// The answer's values with every source present but one sentence each time.
  ///
  /// The sentence's passage is read anew without it, in the same slots and with the same labels for
  /// the sentences that stay; what the lexicon and the encoders say about these is asked again as
  /// well, since it may depend on their neighbours. Nothing is taken from a cache of passages, nor
  /// left in one.
  package func tokenValues(withoutEach places: [SentencePlace]) throws -> [[MicroNats]] {
    let reduced = try reducedPassages(places)
    let whole = everything
    let contexts = reduced.map { $0.map { context(replacing: $0) } ?? whole }
    return try logProbabilities(in: contexts).map { try $0.map { try answerer.micro($0) } }
  }

  /// A passage without one of its sentences.
  private struct Reduced {
    /// Index of the passage that it replaces.
    let passage: Int
    /// Nil where the sentence was the only one.
    let segment: KVSegment?
    let terms: [Reading.Term]
  }

  private func context(replacing reduced: Reduced) -> Context {
    let old = layout.passages[reduced.passage]
    let labels = Set(old.sentences.indices.map { old.label(ofSentence: $0) })
    return Context(
      attending: segments.indices.compactMap {
        $0 == reduced.passage ? reduced.segment : segments[$0]
      },
      terms: reading.terms.filter { !labels.contains($0.label) } + reduced.terms)
  }

  /// Nil for a sentence that stands in no passage.
  private func reducedPassages(_ places: [SentencePlace]) throws -> [Reduced?] {
    let homes = places.map(home)
    let passages = homes.map { home in
      home.flatMap { layout.passages[$0.passage].without($0.sentence) }
    }
    let read = passages.compactMap { $0 }
    let segments = try answerer.freshSegments(of: read)
    let terms = try answerer.terms(answer.question, of: read)
    var next = 0
    return zip(homes, passages).map { home, passage in
      guard let home else { return nil }
      guard passage != nil else { return Reduced(passage: home.passage, segment: nil, terms: []) }
      defer { next += 1 }
      return Reduced(passage: home.passage, segment: segments[next], terms: terms[next])
    }
  }

  /// The passage that holds a sentence, and the sentence's index in it.
  private func home(of place: SentencePlace) -> (passage: Int, sentence: Int)? {
    for (index, passage) in layout.passages.enumerated()
    where sourceOfPassage[index] == place.source {
      let sentence = passage.sentences.firstIndex { $0.number == place.sentence }
      if let sentence { return (index, sentence) }
    }
    return nil
  }
}

extension ReaderAnswerer {
  /// Segments of passages, computed in one batch.
  fileprivate func freshSegments(of passages: [PassageLayout.Passage]) throws -> [KVSegment] {
    let segments = passages.map { _ in model.makeSegment() }
    if passages.isEmpty { return [] }
    _ = try model.forward(
      zip(passages, segments).map {
        ForwardRequest(tokens: passageTokens($0), segment: $1, outputs: .none)
      })
    return segments
  }

  /// The terms of every passage's sentences, passages being compared one by one.
  fileprivate func terms(
    _ question: String, of passages: [PassageLayout.Passage]
  ) throws -> [[Reading.Term]] {
    let sentences = try compare(question, with: PassageLayout(passages: passages))
    guard let terms = LabelEvidence(reader: [], sentences: sentences).terms(weights) else {
      throw AnswerError.notFinite(model: model.path)
    }
    var rest = terms[...]
    return passages.map { passage in
      defer { rest = rest.dropFirst(passage.sentences.count) }
      return Array(rest.prefix(passage.sentences.count))
    }
  }
}
