import Attribution
import Inference
import Testing

@testable import Answering

@Suite struct ReaderAnswererTests {
  @Test(arguments: [
    ("Who built the Orrin lighthouse?", "Maud Terrell", "lighthouse"),
    ("When does the bakery open?", "six in the morning", "bakery"),
    ("How tall is the lighthouse?", "41 metres", "lighthouse"),
    ("How many pupils does the school have?", "thirty pupils", "school"),
  ])
  func `it quotes the sentence that answers and cites its source`(
    question: String, fact: String, source: String
  ) throws {
    let answer = try Models.completeAnswerer().answer(question, sources: Village.sources)
    #expect(answer.text.contains(fact))
    let citation = try #require(answer.citations.first)
    #expect(Village.sources[citation.source].reference == source)
    let sentence = try #require(citation.sentence)
    #expect(answer.text.hasPrefix(Village.sources[citation.source].sentences[sentence]))
    #expect(!answer.isRefusal)
  }

  @Test func `every quotation is verbatim`() throws {
    let answerer = try Models.answerer()
    let sentences = Set(Village.sources.flatMap(\.sentences))
    for question in ["What is sold?", "When?", "Who teaches?", "Where does the ferry go?"] {
      let answer = try answerer.answer(question, sources: Village.sources)
      for citation in answer.citations {
        let sentence = try #require(citation.sentence)
        #expect(sentences.contains(Village.sources[citation.source].sentences[sentence]))
        #expect(answer.text.contains(Village.sources[citation.source].sentences[sentence]))
      }
    }
  }

  @Test func `the order of the sources changes nothing, to the last bit`() throws {
    let question = "When does the bakery open?"
    var generator = SplitMix64(seed: 1)
    let expected = try Self.outcome(question, Village.sources)
    for _ in 0..<4 {
      let order = generator.order(of: Village.sources.count)
      let outcome = try Self.outcome(question, order.map { Village.sources[$0] })
      #expect(outcome.text == expected.text)
      #expect(outcome.tokens == expected.tokens)
      #expect(outcome.rows == expected.rows)
    }
  }

  private static func outcome(
    _ question: String, _ sources: [Source]
  ) throws -> (text: String, tokens: [Int32], rows: [[UInt64]]) {
    let answerer = try Models.answerer()
    let answer = try answerer.answer(question, sources: sources)
    let rows = try answerer.scorer(for: answer)
      .logProbabilities(of: Coalition.everyone(answer.documents.count).subsets)
    return (answer.text, answer.tokenIDs, rows.map { $0.map(\.bitPattern) })
  }

  @Test func `without sources it says so and credits nobody`() throws {
    let answerer = try Models.answerer()
    let answer = try answerer.answer("Who built the lighthouse?", sources: [])
    #expect(answer.text == "Not in the documents.")
    #expect(answer.isRefusal && answer.citations.isEmpty)
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.contributors.isEmpty && report.ownKnowledgePPM == 1_000_000)
    #expect(report.coalitions.count == 1)
  }

  @Test func `a refusal credits nobody, though passages make it likelier`() throws {
    var weights = LabelWeights.tuned
    weights.none = 60
    let answerer = try Models.answerer(weights: weights)
    let answer = try answerer.answer("Who teaches?", sources: Village.sources)
    #expect(answer.isRefusal)
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.influence.withAllSources > report.influence.withoutSources)
    #expect(report.contributors.map(\.sharePPM) == answer.players.map { _ in 0 })
    #expect(report.documents.allSatisfy { $0.sharePPM == 0 } && report.ownKnowledgePPM == 1_000_000)
  }

  @Test func `text arrives in pieces that make up the answer`() throws {
    var pieces: [String] = []
    let answer = try Models.answerer().answer(
      "Who built the lighthouse?", sources: Village.sources,
      progress: AnswerProgress(onText: { pieces.append($0) }))
    #expect(pieces.joined() == answer.text)
  }

  @Test func `a cancelled answer ends with a cancellation`() throws {
    let answerer = try Models.answerer()
    for allowed in 0...3 {
      var asked = 0
      #expect(throws: CancellationError.self) {
        _ = try answerer.answer(
          "Who built it?", sources: Village.sources,
          progress: AnswerProgress(isCancelled: {
            asked += 1
            return asked > allowed
          }))
      }
    }
  }

  @Test func `sources beyond eight slots are dropped from the end and named`() throws {
    let long = (0..<3).map { index in
      Source(
        reference: "long \(index)", text: "",
        sentences: (0..<13).map { "Room \(index) holds chair number \($0)." },
        player: index, document: index)
    }
    // 13 sentences are three slots each: the third source finds two left, the small one still fits.
    let answer = try Models.answerer().answer(
      "Who built the Orrin lighthouse?", sources: long + [Village.sources[0]])
    #expect(answer.dropped == [2])
    #expect(answer.players == [0, 1, 4])
    #expect(answer.text.contains("Maud Terrell"))
  }

  @Test func `a question that fills the context is refused with its length`() throws {
    let answerer = try Models.answerer()
    let error = #expect(throws: AnswerError.self) {
      try answerer.answer(
        String(repeating: "lighthouse ", count: 200), sources: Village.sources)
    }
    guard case .questionTooLong(_, let limit) = try #require(error) else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(limit == 126)
  }

  @Test func `a sentence longer than the context is read in part and quoted whole`() throws {
    let words = (0..<700).map { "item\($0)" }.joined(separator: " ")
    let endless = Village.source(
      "endless", player: 1, document: 1, "The store keeps anchors and \(words).")
    let answerer = try Models.answerer()
    let answer = try answerer.answer("What does the store keep?", sources: [endless])
    #expect(answer.isRefusal || answer.text == endless.sentences[0])
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.coalitions.allSatisfy { $0.value <= 0 })
  }

  @Test func `terms are recorded for every sentence and add up to the choice`() throws {
    let answer = try Models.answerer().answer(
      "When does the bakery open?", sources: Village.sources)
    let reading = try #require(answer.reading)
    #expect(reading.terms.count == Village.sources.map(\.sentences.count).reduce(0, +))
    #expect(reading.terms.map(\.label) == reading.terms.map(\.label).sorted())
    let best = try #require(reading.terms.max { $0.logProbability < $1.logProbability })
    #expect(reading.choices.first == .sentence(best.label))
    #expect(best.lexical > 0 && best.semantic > 0)
  }

  @Test(.enabled(if: Models.hasStories, "needs shared/data/models/stories260K.gguf"))
  func `an ordinary model is not taken for a reader`() throws {
    #expect(!ReaderAnswerer.canUse(try Models.stories.get()))
    #expect(ReaderAnswerer.canUse(try Models.reader.get()))
    #expect(throws: AnswerError.self) {
      try ReaderAnswerer(
        model: Models.stories.get(), embedder: nil, lexicon: Models.lexicon.get())
    }
  }
}
