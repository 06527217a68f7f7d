import Attribution
import Inference
import Testing

@testable import Answering

/// Adapters of shards where passages do not see each other, with a random model that answers in letters.
@Suite struct IndependentAdapterTests {
  private let model: LanguageModel
  private let adapters: [SourceAdapter]
  private let question = "What did Tom have?"
  private let sources = [
    Village.source("b", player: 2, document: 5, "Tom had a red ball."),
    Village.source("a", player: 1, document: 6, "Lily saw a big dog."),
  ]

  init() throws {
    func path(_ name: String) -> String {
      Models.path("Tests/InferenceTests/Fixtures/\(name).gguf")
    }
    let model = try LanguageModel.load(
      path: path("chat-tiny"), backend: Models.backend.get())
    self.model = model
    adapters = try [(2, "chat-tiny-first"), (1, "chat-tiny-second")].map {
      SourceAdapter(player: $0, weights: try LoRAAdapter.load(path: path($1), model: model))
    }
  }

  private func answerer() throws -> IndependentChatAnswerer {
    try IndependentChatAnswerer(model: model, maximumTokens: 10)
  }

  @Test func `every coalition is what its documents and its adapters alone give`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: adapters)
    #expect(!answer.tokenIDs.isEmpty && answer.adapters == adapters)
    let plain = try answerer.answer(question, sources: sources)
    #expect(plain.tokenIDs != answer.tokenIDs && plain.adapters.isEmpty)
    let coalitions = Coalition.everyone(4).subsets
    let scorer = try answerer.scorer(for: answer)
    let reference = try PieceReference(model, scorer.prompt)
    let passages = [sources[1], sources[0]].enumerated().map { reference.tokens($0, $1.text) }
    let rows = try scorer.logProbabilities(of: coalitions)
    for (coalition, row) in zip(coalitions, rows) {
      // Bits: document 6 of player 1, document 5 of player 2, then the adapters.
      let present = [0, 1].filter(coalition.contains).map { passages[$0] }
      let changing = [2, 3].filter(coalition.contains).map { adapters[$0 - 2].weights }
      let alone = try reference.values(
        answer, passages: present, longest: scorer.pieces.tailStart, adapters: changing)
      #expect(row.map(\.bitPattern) == alone, "\(coalition)")
    }
    let fresh = try self.answerer().scorer(for: answer)
    #expect(try fresh.logProbabilities(of: coalitions.reversed()) == rows.reversed())
  }

  @Test func `sentences are taken out with all adapters present`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: adapters)
    let scorer = try answerer.scorer(for: answer)
    let row = try scorer.tokenValues(withoutEach: [SentencePlace(source: 0, sentence: 0)])[0]
    #expect(try row == scorer.tokenValues(of: [Coalition([0, 2, 3])])[0])
  }
}
