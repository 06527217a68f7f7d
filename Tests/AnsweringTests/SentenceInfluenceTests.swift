import Attribution
import Inference
import Testing

@testable import Answering

@Suite struct SentenceInfluenceTests {
  private func measured(
    _ question: String, _ sources: [Source] = Village.sources,
    _ limits: SentenceInfluence.Limits = .init()
  ) throws -> (answer: Answer, influence: Influence, sentences: SentenceInfluence) {
    let answerer = try Models.answerer()
    let answer = try answerer.answer(question, sources: sources)
    let influence = try answerer.attribute(answer, seed: 0).influence
    return (
      answer, influence,
      try answerer.sentenceInfluence(of: answer, influence: influence, limits: limits)
    )
  }

  @Test func `the quoted sentence ranks first when it alone holds the answer`() throws {
    let answerer = try Models.completeAnswerer()
    for (question, source, sentence) in [
      ("Who built the Orrin lighthouse?", "lighthouse", 0),
      ("How tall is the lighthouse?", "lighthouse", 1),
      ("When was the harbour of Orrin dredged?", "harbour", 0),
      ("When does the bakery open?", "bakery", 0),
      ("How many pupils does the school have?", "school", 0),
      ("When do lessons start?", "school", 1),
    ] {
      let answer = try answerer.answer(question, sources: Village.sources)
      let influence = try answerer.attribute(answer, seed: 0).influence
      let ranked = try answerer.sentenceInfluence(of: answer, influence: influence).ranked
      let cited = try #require(answer.citations.first)
      let first = try #require(ranked.first)
      #expect(first.place == SentencePlace(source: cited.source, sentence: cited.sentence ?? -1))
      #expect(Village.sources[first.place.source].reference == source)
      #expect(first.place.sentence == sentence)
      // What it takes away is more than any other sentence does by far.
      #expect(first.value > 0)
      #expect(first.value > 4 * (ranked.dropFirst().first?.value ?? 0))
    }
  }

  @Test func `a sentence that is all of a source is worth what the source is`() throws {
    let result = try measured("When does the bakery open?")
    let whole = Coalition.everyone(result.answer.documents.count)
    let bakery = try #require(result.answer.documents.firstIndex { $0.document == 11 })
    let answerer = try Models.answerer()
    let values = try answerer.scorer(for: result.answer)
      .tokenValues(of: [whole, whole.removing(bakery)])
    let sentence = try #require(
      result.sentences.sentences.first { Village.sources[$0.place.source].document == 11 })
    #expect(sentence.tokens == zip(values[0], values[1]).map { $0 - $1 })
    #expect(sentence.tokens.reduce(0, +) == sentence.value)
    #expect(sentence.tokens.count == result.answer.tokenIDs.count)
  }

  @Test func `a removal equals reading the shorter passage from scratch, to the last bit`() throws {
    let answerer = try Models.answerer()
    let answer = try answerer.answer("How tall is the lighthouse?", sources: Village.sources)
    let scorer = try answerer.scorer(for: answer)
    let places = Village.sources.indices.flatMap { source in
      Village.sources[source].sentences.indices.map {
        SentencePlace(source: source, sentence: $0)
      }
    }
    let rows = try scorer.tokenValues(withoutEach: places)
    let other = try Models.answerer()
    for (place, row) in zip(places, rows) {
      let alone = try fromScratch(answer, without: place, with: other)
      #expect(row == alone, "\(place)")
    }
    // One at a time, and in another order, they are the same.
    #expect(try scorer.tokenValues(withoutEach: [places[3]])[0] == rows[3])
    #expect(try scorer.tokenValues(withoutEach: places.reversed()) == rows.reversed())
  }

  /// The definition: every passage in its slot with a fresh segment, one of them short of a sentence
  /// whose label is free, and the evidence for each sentence asked of its own passage.
  private func fromScratch(
    _ answer: Answer, without place: SentencePlace, with answerer: ReaderAnswerer
  ) throws -> [MicroNats] {
    let vocabulary = answerer.vocabulary
    let model = answerer.model
    let layout = PassageLayout(
      sources: answer.sources, vocabulary: vocabulary, tokenizer: try model.tokenizer)
    var segments: [KVSegment] = []
    var terms: [Reading.Term] = []
    for passage in layout.passages {
      var tokens = [vocabulary.passages[passage.slot]]
      var stays: [Int] = []
      for (index, sentence) in passage.sentences.enumerated()
      where passage.source != place.source || index != place.sentence {
        tokens += [vocabulary.labels[5 * passage.slot + index]] + sentence.tokens
        stays.append(index)
      }
      if stays.isEmpty { continue }
      let segment = model.makeSegment()
      _ = try model.forward([ForwardRequest(tokens: tokens, segment: segment, outputs: .none)])
      segments.append(segment)
      // The shorter passage alone, as a source of its own: its labels differ, its terms do not.
      let texts = stays.map { passage.sentences[$0].text }
      let evidence = try answerer.evidence(
        answer.question,
        sources: [Source(reference: "", text: "", sentences: texts, player: 0, document: 0)])
      for (index, term) in zip(stays, try #require(evidence.terms(answerer.weights))) {
        terms.append(
          Reading.Term(
            label: 5 * passage.slot + index + 1, source: 0, sentence: 0, lexical: term.lexical,
            semantic: term.semantic, logProbability: 0))
      }
    }
    let context = ReaderScorer.Context(attending: segments, terms: terms)
    return try answerer.scorer(for: answer).logProbabilities(in: [context])[0]
      .map { try answerer.micro($0) }
  }

  @Test func `the order of the sources changes nothing`() throws {
    let question = "How tall is the lighthouse?"
    func named(_ sources: [Source]) throws -> [String: MicroNats] {
      let values = try measured(question, sources).sentences.sentences
      return Dictionary(
        uniqueKeysWithValues: values.map {
          ("\(sources[$0.place.source].reference) \($0.place.sentence)", $0.value)
        })
    }
    let expected = try named(Village.sources)
    #expect(expected.count >= 2)
    #expect(try named(Village.sources.reversed()) == expected)
  }

  @Test func `only documents that matter are looked into, the greatest first`() throws {
    let few = try measured("How tall is the lighthouse?", Village.sources, .init(smallestPart: 2))
    let sizes = few.influence.documents.map { $0.owen.magnitude }
    let lighthouse = try #require(few.answer.documents.firstIndex { $0.document == 10 })
    #expect(few.sentences.documents == [lighthouse])
    #expect(few.sentences.sentences.map(\.place.sentence) == [0, 1])
    #expect(few.sentences.omitted.isEmpty)
    let all = try measured(
      "How tall is the lighthouse?", Village.sources, .init(smallestPart: .max, sentences: 4))
    #expect(all.sentences.documents.contains(lighthouse))
    #expect(all.sentences.sentences.count <= 4)
    #expect(!all.sentences.omitted.isEmpty)
    #expect(
      all.sentences.documents.count + all.sentences.omitted.count == sizes.count { $0 > 0 })
  }

  @Test func `without sources there are no sentences`() throws {
    let result = try measured("Who built the lighthouse?", [])
    #expect(result.sentences.sentences.isEmpty && result.sentences.documents.isEmpty)
  }

  @Test func `a sentence is cut out of its text with the white space after it`() {
    func source(_ text: String, _ sentences: String...) -> Source {
      Source(reference: "", text: text, sentences: sentences, player: 0, document: 0)
    }
    let three = source("A b.  C d.\nA b. ", "A b.", "C d.", "A b.")
    #expect(three.text(withoutSentence: 0) == "C d.\nA b. ")
    #expect(three.text(withoutSentence: 1) == "A b.  A b. ")
    #expect(three.text(withoutSentence: 2) == "A b.  C d.\n")
    // The text has a line break where the sentence has a space.
    #expect(source("A\nb. C.", "A b.", "C.").text(withoutSentence: 1) == "A b.")
  }
}

@Suite(.enabled(if: Models.hasStories, "needs shared/data/models/stories260K.gguf"))
struct JointSentenceInfluenceTests {
  private let sources = [
    Village.source("b", player: 2, document: 5, "Tom had a red ball.", "He ran to the park."),
    Village.source("a", player: 1, document: 6, "Lily saw a big dog."),
  ]

  @Test func `a removal is the prompt without the sentence`() throws {
    let answerer = try ChatAnswerer(
      model: Models.longStories.get(), template: .chatML, maximumTokens: 8)
    let answer = try answerer.answer("What did Tom have?", sources: sources)
    let scorer = try answerer.scorer(for: answer)
    let rows = try scorer.tokenValues(withoutEach: [
      SentencePlace(source: 0, sentence: 0), SentencePlace(source: 0, sentence: 1),
      SentencePlace(source: 1, sentence: 0),
    ])
    for (row, text) in zip(rows, ["He ran to the park.", "Tom had a red ball. "]) {
      let shorter = [
        Source(reference: "b", text: text, sentences: [text], player: 2, document: 5), sources[1],
      ]
      let prompt = ChatPrompt(
        template: .chatML, tokenizer: try answerer.model.tokenizer, question: answer.question,
        sources: shorter, kept: [0, 1]
      ).tokens(present: [0, 1])
      let alone = try answerer.model.logProbabilities(of: [
        ScoredSequence(context: prompt, continuation: answer.tokenIDs)
      ])[0]
      #expect(row == alone.map { MicroNats(roundingNats: $0) })
    }
    // The only sentence of a source takes it along: the value of the other document's coalition.
    let lily = try #require(answer.documents.firstIndex { $0.document == 6 })
    #expect(try rows[2] == scorer.tokenValues(of: [Coalition([1 - lily])])[0])

    let influence = try answerer.attribute(answer, seed: 0).influence
    let sentences = try answerer.sentenceInfluence(
      of: answer, influence: influence, limits: .init(smallestPart: .max))
    #expect(sentences.sentences.map(\.place.source) == [0, 0, 1])
    #expect(sentences.sentences[2].value == influence.contributors[0].leaveOneOut)
  }
}
