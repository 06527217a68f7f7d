import Attribution
import Foundation
import Inference
import Kernels
import Testing

@testable import Answering

/// Chat models whose passages do not see each other, with the model that tells stories.
@Suite(.enabled(if: Models.hasStories, "needs shared/data/models/stories260K.gguf"))
struct IndependentChatTests {
  private let question = "What did Tom have?"
  private let sources = [
    Village.source("b", player: 2, document: 5, "Tom had a red ball.", "He ran to the park."),
    Village.source("a", player: 1, document: 6, "Lily saw a big dog."),
    Village.source("c", player: 2, document: 7, "The sun was hot."),
  ]

  private func answerer(
    tokens: Int = 12, contextBytes: Int = 1 << 30
  ) throws -> IndependentChatAnswerer {
    try IndependentChatAnswerer(
      model: Models.longStories.get(), template: .chatML, maximumTokens: tokens,
      contextBytes: contextBytes)
  }

  private func bits(_ rows: [[Double]]) -> [[UInt64]] { rows.map { $0.map(\.bitPattern) } }

  @Test func `every coalition is what its passages give, each read by itself`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources)
    #expect(answer.mode == .independent && !answer.tokenIDs.isEmpty && answer.dropped.isEmpty)
    let coalitions = Coalition.everyone(3).subsets
    let going = try answerer.scorer(for: answer)
    let fresh = try self.answerer().scorer(for: answer)
    #expect(going.made != nil && fresh.made == nil)
    let rows = try bits(going.logProbabilities(of: coalitions))
    #expect(try bits(fresh.logProbabilities(of: coalitions)) == rows)
    for (coalition, row) in zip(coalitions, rows) {
      let present = Set(answer.sources(of: coalition))
      let passages = try going.prompt.numbered.enumerated().filter { present.contains($1) }
        .map { try PieceReference(answerer.model, going.prompt).tokens($0, sources[$1].text) }
      let alone = try PieceReference(answerer.model, going.prompt)
        .values(answer, passages: passages, longest: going.pieces.tailStart)
      #expect(row == alone, "\(coalition)")
    }
    #expect(Set(rows).count == rows.count)
  }

  @Test func `the longest passage alone is an ordinary prompt`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources)
    let scorer = try answerer.scorer(for: answer)
    let pieces = scorer.pieces
    let longest = try #require(pieces.passages.max { $0.count < $1.count })
    let document = try #require(answer.documents.firstIndex { $0.document == 5 })
    #expect(pieces.passages[scorer.prompt.numbered.firstIndex(of: 0) ?? -1] == longest)
    // Nothing lies between its end and the tail, so one causal forward pass says the same.
    let prompt = pieces.head + longest + pieces.tail
    let joint = try answerer.model.logProbabilities([
      ScoreRequest(
        tokens: prompt + answer.tokenIDs.dropLast(),
        targets: answer.tokenIDs.enumerated().map { (prompt.count - 1 + $0, $1) },
        segment: answerer.model.makeSegment())
    ])
    #expect(try bits(scorer.logProbabilities(of: [Coalition([document])])) == bits(joint))
  }

  @Test func `the order of the sources changes nothing`() throws {
    let orders = [sources, sources.reversed(), [sources[1], sources[0], sources[2]]]
    let made = try orders.map { order in
      let answerer = try answerer()
      let answer = try answerer.answer(question, sources: order)
      let report = try answerer.attribute(answer, seed: 0)
      let sentences = try answerer.sentenceInfluence(
        of: answer, influence: report.influence, limits: .init(smallestPart: .max))
      return (
        answer.text, answer.tokenIDs, report,
        sentences.sentences.map { "\(order[$0.place.source].reference) \($0.tokens)" }.sorted()
      )
    }
    for other in made.dropFirst() {
      #expect(other.0 == made[0].0 && other.1 == made[0].1 && other.3 == made[0].3)
      #expect(other.2.coalitions == made[0].2.coalitions)
      #expect(other.2.contributors == made[0].2.contributors)
    }
    #expect(made[0].3.count == 4)
    #expect(
      made[0].2.contributors.map(\.sharePPM).reduce(made[0].2.ownKnowledgePPM, +) == 1_000_000)
  }

  @Test func `what a missing passage says changes no bit of the others' values`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, saying: "Tom had a ball.")
    var other = sources
    other[1] = Village.source("a", player: 1, document: 6, "Ben met a cat.")
    let changed = try answerer.answer(question, sources: other, saying: "Tom had a ball.")
    let without = Coalition([1, 2]).subsets
    #expect(answer.documents[0].document == 6)
    let rows = try [answer, changed].map {
      try bits(answerer.scorer(for: $0).logProbabilities(of: without))
    }
    #expect(rows[0] == rows[1])
    let with = try [answer, changed].map {
      try bits(answerer.scorer(for: $0).logProbabilities(of: [Coalition([0, 1, 2])]))
    }
    #expect(with[0] != with[1])
  }

  @Test func `two threads give the bits of one`() throws {
    let two = try LanguageModel.load(
      file: Models.longStories.get().file, backend: Backend(threads: 2))
    let made = try [Models.longStories.get(), two].map { model in
      let answerer = try IndependentChatAnswerer(
        model: model, template: .chatML, maximumTokens: 12)
      let answer = try answerer.answer(question, sources: sources)
      let values = try answerer.scorer(for: answer).logProbabilities(
        of: Coalition.everyone(3).subsets)
      return (answer.tokenIDs, bits(values))
    }
    #expect(made[0].0 == made[1].0 && made[0].1 == made[1].1)
  }

  @Test func `a sentence is taken out of its passage, the others staying as they are`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources)
    let places = [
      SentencePlace(source: 0, sentence: 0), SentencePlace(source: 0, sentence: 1),
      SentencePlace(source: 1, sentence: 0),
    ]
    let scorer = try answerer.scorer(for: answer)
    let rows = try scorer.tokenValues(withoutEach: places)
    let reference = try PieceReference(answerer.model, scorer.prompt)
    for (row, text) in zip(rows, ["He ran to the park.", "Tom had a red ball. "]) {
      // Numbers are those of the references: a, b, c.
      let passages = [(0, sources[1].text), (1, text), (2, sources[2].text)].map {
        reference.tokens($0, $1)
      }
      let alone = try reference.values(answer, passages: passages, longest: scorer.pieces.tailStart)
      #expect(row == alone.map { MicroNats(roundingNats: Double(bitPattern: $0)) })
    }
    // The only sentence of a source takes it along.
    let lily = try #require(answer.documents.firstIndex { $0.document == 6 })
    let everyone = answer.partition.everyDocument
    #expect(try rows[2] == scorer.tokenValues(of: [everyone.removing(lily)])[0])
    #expect(try scorer.tokenValues(withoutEach: places.reversed()) == rows.reversed())
  }

  @Test func `asking again over the same documents gives what a fresh answerer gives`() throws {
    let first = try answerer()
    _ = try first.answer("Who saw a dog?", sources: sources)
    let again = try first.answer(question, sources: sources)
    let fresh = try answerer().answer(question, sources: sources)
    #expect(again.tokenIDs == fresh.tokenIDs && again.promptTokens == fresh.promptTokens)
    let coalitions = Coalition.everyone(3).subsets
    #expect(
      try bits(first.scorer(for: again).logProbabilities(of: coalitions))
        == bits(answerer().scorer(for: fresh).logProbabilities(of: coalitions)))
  }

  @Test func `passages that are too much for one prompt are read, up to what memory holds`() throws
  {
    let long = (0..<6).map {
      Village.source(
        "long \($0)", player: $0, document: $0,
        String(repeating: "The dog number \($0) ran to the park. ", count: 40))
    }
    let joint = try ChatAnswerer(
      model: Models.longStories.get(), template: .chatML, maximumTokens: 4
    ).answer(question, sources: long, saying: "No.")
    #expect(!joint.dropped.isEmpty)
    #expect(try answerer(tokens: 4).answer(question, sources: long).dropped.isEmpty)
    let little = try answerer(tokens: 4, contextBytes: 0)
    #expect(try little.answer(question, sources: long, saying: "No.").dropped.contains(5))
    #expect(try !little.answer(question, sources: long, saying: "No.").dropped.contains(0))
  }

  @Test func `a passage that does not fit by itself is left out, wherever it ranks`() throws {
    let long = Village.source(
      "long", player: 3, document: 8, String(repeating: "The dog ran to the park. ", count: 700))
    let answer = try answerer().answer(question, sources: [long] + sources, saying: "No.")
    #expect(answer.dropped == [0])
    #expect(throws: AnswerError.self) {
      try answerer().answer(String(repeating: "why ", count: 5000), sources: sources)
    }
  }

  @Test func `a cancelled answer ends with a cancellation`() throws {
    let answerer = try answerer()
    for limit in [0, 3] {
      var asked = 0
      #expect(throws: CancellationError.self) {
        try answerer.answer(
          question, sources: sources,
          progress: AnswerProgress(isCancelled: {
            asked += 1
            return asked > limit
          }))
      }
    }
  }

  @Test func `an answer of the other mode, and a prompt without two halves, are refused`() throws {
    let joint = try ChatAnswerer(
      model: Models.longStories.get(), template: .chatML, maximumTokens: 4)
    let answer = try joint.answer(question, sources: sources, saying: "No.")
    #expect(throws: AnswerError.wrongMode(found: .joint, expected: .independent)) {
      try answerer().scorer(for: answer)
    }
    #expect(throws: AnswerError.wrongMode(found: .independent, expected: .joint)) {
      try joint.scorer(for: answerer().answer(question, sources: sources, saying: "No."))
    }
    for stretches in [[[1]], [[1], [2], [3]]] as [[[Int32]]] {
      let found = stretches.count - 1
      let expected = AnswerError.passagesNotFoundOnce(
        model: "m.gguf", template: "chatML", found: found)
      #expect(throws: expected) {
        try ChatPieces(stretches, passages: [], model: "m.gguf", template: "chatML")
      }
      #expect(expected.description.hasPrefix("m.gguf: tokenizer.chat_template (chatML): found"))
    }
  }

  @Test func `a question may hold what marks the passages' place`() throws {
    let prompt = ChatPrompt(
      template: .chatML, tokenizer: try Models.stories.get().tokenizer,
      question: "What is <passages> or <passages>#?", sources: sources, kept: [0, 1, 2])
    let pieces = try prompt.pieces(model: "")
    let whole = try Models.stories.get().tokenizer.decode(pieces.head + pieces.tail)
    #expect(whole.contains("Question: What is <passages> or <passages>#?"))
  }
}
