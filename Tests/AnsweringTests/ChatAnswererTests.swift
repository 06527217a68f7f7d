import Attribution
import Foundation
import Inference
import Testing

@testable import Answering

/// A model of 260 000 parameters that tells stories: it cannot answer, but every sum must hold.
@Suite(.enabled(if: Models.hasStories, "needs shared/data/models/stories260K.gguf"))
struct ChatAnswererTests {
  /// The prompt's instructions alone exceed 128 positions, so the model's file says 4096: rotary
  /// positions go on beyond what it was trained on.
  private func answerer(tokens: Int = 12) throws -> ChatAnswerer {
    try ChatAnswerer(model: Models.longStories.get(), template: .chatML, maximumTokens: tokens)
  }

  private let sources = [
    Village.source("b", player: 2, document: 5, "Tom had a red ball."),
    Village.source("a", player: 1, document: 6, "Lily saw a big dog."),
    Village.source("c", player: 2, document: 7, "The sun was hot."),
  ]

  @Test func `shared prefixes equal every coalition from scratch, to the last bit`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer("What did Tom have?", sources: sources)
    #expect(!answer.tokenIDs.isEmpty)
    let coalitions = Coalition.everyone(3).subsets
    let shared = try answerer.scorer(for: answer).logProbabilities(of: coalitions)
    let scorer = try answerer.scorer(for: answer)
    for (coalition, row) in zip(coalitions, shared) {
      let prompt = scorer.prompt.tokens(present: Set(answer.sources(of: coalition)))
      let alone = try answerer.model.logProbabilities([
        ScoreRequest(
          tokens: prompt + answer.tokenIDs.dropLast(),
          targets: answer.tokenIDs.enumerated().map { (prompt.count - 1 + $0, $1) },
          segment: answerer.model.makeSegment())
      ])[0]
      #expect(row.map(\.bitPattern) == alone.map(\.bitPattern), "\(coalition)")
    }
  }

  @Test func `going on from the answer's own prompt changes no bit`() throws {
    let long = Village.source(
      "ab", player: 3, document: 8, String(repeating: "The dog ran to the park. ", count: 90))
    let first = try answerer()
    let answer = try first.answer("What did Tom have?", sources: sources + [long])
    #expect(answer.dropped.isEmpty)
    let going = try first.scorer(for: answer)
    let alone = try answerer().scorer(for: answer)
    let coalitions = Coalition.everyone(4).subsets
    #expect(alone.shared == nil)
    // Of four passages with all present, the last begins where prompts without it end.
    let whole = try #require(going.shared)
    #expect(whole.beforeLast.count == 4)
    #expect(whole.beforeLast.contains { $0.count > LanguageModel.chunkTokens })
    #expect(whole.pieces(of: going.prompt.tokens(present: [0, 1, 2, 3])).count == 4)
    #expect(whole.pieces(of: going.prompt.tokens(present: [])).count == 1)
    #expect(
      try going.logProbabilities(of: coalitions).map { $0.map(\.bitPattern) }
        == alone.logProbabilities(of: coalitions).map { $0.map(\.bitPattern) })
    // Another answer takes its place.
    _ = try first.answer("Who is Lily?", sources: sources)
    #expect(try first.scorer(for: answer).shared == nil)
  }

  @Test func `the order of the sources changes nothing`() throws {
    let answers = try [sources, sources.reversed()].map {
      try answerer().answer("What did Tom have?", sources: $0)
    }
    #expect(answers[0].text == answers[1].text)
    #expect(answers[0].tokenIDs == answers[1].tokenIDs)
    let reports = try answers.map { try answerer().attribute($0, seed: 0) }
    #expect(reports[0].coalitions == reports[1].coalitions)
    #expect(reports[0].contributors == reports[1].contributors)
  }

  @Test func `the report adds up`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer("What did Tom have?", sources: sources)
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.contributors.map(\.player) == [1, 2])
    #expect(
      report.contributors.map(\.sharePPM).reduce(report.ownKnowledgePPM, +) == 1_000_000)
    #expect(report.coalitions.allSatisfy { $0.tokens.count == answer.tokenIDs.count })
  }

  @Test func `without sources the model answers by itself and nobody is credited`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer("Who is Lily?", sources: [])
    #expect(!answer.text.isEmpty && answer.citations.isEmpty)
    #expect(try answerer.attribute(answer, seed: 0).ownKnowledgePPM == 1_000_000)
  }

  @Test func `a prompt that is too long loses its lowest-ranked sources`() throws {
    let long = Village.source(
      "long", player: 3, document: 8, String(repeating: "The dog ran to the park. ", count: 400))
    let answerer = try answerer()
    #expect(try answerer.answer("What did Tom have?", sources: sources + [long]).dropped == [3])
    #expect(
      try answerer.answer("What did Tom have?", sources: [long] + sources).dropped == [0, 1, 2, 3])
  }

  @Test func `a question that fills the context is refused`() throws {
    let answerer = try answerer()
    #expect(throws: AnswerError.self) {
      try answerer.answer(String(repeating: "why ", count: 5000), sources: [])
    }
  }

  @Test func `a cancelled answer ends with a cancellation`() throws {
    let answerer = try answerer()
    var asked = 0
    #expect(throws: CancellationError.self) {
      try answerer.answer(
        "What did Tom have?", sources: sources,
        progress: AnswerProgress(isCancelled: {
          asked += 1
          return asked > 3
        }))
    }
  }

  @Test func `a model without a chat template is refused by name`() throws {
    #expect(throws: AnswerError.noChatTemplate(model: Models.storiesPath)) {
      try ChatAnswerer(model: Models.stories.get())
    }
  }

  @Test func `citations name the numbered sources, each once`() throws {
    let prompt = ChatPrompt(
      template: .chatML, tokenizer: try Models.stories.get().tokenizer, question: "",
      sources: sources, kept: [0, 1, 2])
    // In order of reference: a is number 1, b 2, c 3.
    #expect(prompt.citations(in: "x [2], y [1][2] z [4] [] [0] [x").map(\.source) == [0, 1])
  }
}
