import Attribution
import Foundation
import Inference
import Testing

@testable import Answering

/// Adapters of shards as players, with a random model that answers in letters.
@Suite struct ChatAdapterTests {
  private let model: LanguageModel
  private let first: LoRAAdapter
  private let second: LoRAAdapter

  init() throws {
    func path(_ name: String) -> String {
      Models.path("Tests/InferenceTests/Fixtures/\(name).gguf")
    }
    model = try LanguageModel.load(path: path("chat-tiny"), backend: Models.backend.get())
    first = try LoRAAdapter.load(path: path("chat-tiny-first"), model: model)
    second = try LoRAAdapter.load(path: path("chat-tiny-second"), model: model)
  }

  private func answerer() throws -> ChatAnswerer {
    try ChatAnswerer(model: model, maximumTokens: 10)
  }

  private let question = "What did Tom have?"
  private let sources = [
    Village.source("b", player: 2, document: 5, "Tom had a red ball."),
    Village.source("a", player: 1, document: 6, "Lily saw a big dog."),
    Village.source("c", player: 2, document: 7, "The sun was hot."),
  ]
  private var both: [SourceAdapter] {
    [SourceAdapter(player: 2, weights: first), SourceAdapter(player: 1, weights: second)]
  }

  /// The answer's log-probabilities after the prompt with `present`, computed in one go.
  private func alone(
    _ answer: Answer, _ scorer: ChatScorer, present: [Int], adapters: [LoRAAdapter]
  ) throws -> [UInt64] {
    let prompt = scorer.prompt.tokens(present: Set(present))
    let request = ScoreRequest(
      tokens: prompt + answer.tokenIDs.dropLast(),
      targets: answer.tokenIDs.enumerated().map { (prompt.count - 1 + $0, $1) },
      segment: model.makeSegment(), adapters: adapters)
    return try model.logProbabilities([request])[0].map(\.bitPattern)
  }

  @Test func `every coalition is what its documents and its adapters alone give`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: both)
    #expect(!answer.tokenIDs.isEmpty && answer.adapters == both)
    #expect(answer.partition.contributorOfDocument == [0, 1, 1, 1, 0])
    let coalitions = Coalition.everyone(5).subsets
    let going = try answerer.scorer(for: answer)
    #expect(going.shared != nil)
    let fresh = try self.answerer().scorer(for: answer)
    #expect(fresh.shared == nil)
    for rows in [
      try going.logProbabilities(of: coalitions), try fresh.logProbabilities(of: coalitions),
    ] {
      for (coalition, row) in zip(coalitions, rows) {
        // Bits: document 6 of player 1, then 5 and 7 of player 2, then the adapters.
        let present = [(0, 1), (1, 0), (2, 2)].filter { coalition.contains($0.0) }.map(\.1)
        let adapters = [(3, first), (4, second)].filter { coalition.contains($0.0) }.map(\.1)
        let expected = try alone(answer, going, present: present, adapters: adapters)
        #expect(row.map(\.bitPattern) == expected, "\(coalition)")
      }
    }
  }

  @Test func `the answer is what the changed model says, step by step`() throws {
    let answer = try answerer().answer(question, sources: sources, adapters: both)
    let plain = try answerer().answer(question, sources: sources)
    #expect(plain.tokenIDs != answer.tokenIDs && plain.adapters.isEmpty)
    let prompt = try answerer().scorer(for: answer).prompt.tokens(present: [0, 1, 2])
    let segment = model.makeSegment()
    var tokens = prompt
    for token in answer.tokenIDs {
      let logits = try model.forward([
        ForwardRequest(tokens: tokens, segment: segment, adapters: [first, second])
      ])[0][0]
      #expect(
        logits.indices.max { logits[$0] < logits[$1] }.map { $0 - logits.startIndex } == Int(token))
      tokens = [token]
    }
  }

  @Test func `keys and values of other adapters are never gone on from`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: both)
    let shared = try #require(try answerer.scorer(for: answer).shared)
    let tokens = try answerer.scorer(for: answer).prompt.tokens(present: [0, 1, 2])
    func attended(_ adapters: [LoRAAdapter]) -> Int {
      shared.sequence(context: tokens, continuation: [1], adapters: adapters).attending.count
    }
    #expect(attended([first, second]) > 0)
    for adapters in [[], [first], [second], [second, first]] { #expect(attended(adapters) == 0) }
    // The same prompt without adapters is another answer's.
    var other = answer
    other.adapters = []
    #expect(try answerer.scorer(for: other).shared == nil)
  }

  @Test func `only contributors who are read bring adapters, at most two`() throws {
    let stranger = SourceAdapter(player: 9, weights: first)
    let answerer = try answerer()
    let read = try answerer.answer(question, sources: sources, adapters: [stranger, both[1]])
    #expect(read.adapters == [both[1]])
    let third = try LoRAAdapter.load(
      path: Models.path("Tests/InferenceTests/Fixtures/chat-tiny-first.gguf"), model: model)
    let three = [SourceAdapter(player: 2, weights: third)] + both
    #expect(
      try answerer.answer(question, sources: sources, adapters: three).adapters
        == Array(three.prefix(2)))
    #expect(try answerer.answer(question, sources: [], adapters: both).adapters.isEmpty)
  }

  @Test func `an adapter has its own part of its contributor's share`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: both)
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.adapters.map(\.player) == [2, 1])
    #expect(report.documents.map(\.document) == [6, 5, 7])
    #expect(report.contributors.map(\.sharePPM).reduce(report.ownKnowledgePPM, +) == 1_000_000)
    for contributor in report.contributors {
      let owen =
        report.documents.filter { $0.player == contributor.player }.map(\.owen)
        + report.adapters.filter { $0.player == contributor.player }.map(\.owen)
      #expect(owen.reduce(0, +) == contributor.influence.shapley)
      let shares =
        report.documents.filter { $0.player == contributor.player }.map(\.sharePPM)
        + report.adapters.filter { $0.player == contributor.player }.map(\.sharePPM)
      #expect(shares.reduce(0, +) == contributor.sharePPM)
    }
    // Without a contributor both its documents and its adapter are gone.
    let scorer = try answerer.scorer(for: answer)
    let row = try #require(report.coalitions.first { $0.players == [1] })
    let alone = try model.logProbabilities(of: [
      ScoredSequence(
        context: scorer.prompt.tokens(present: [1]), continuation: answer.tokenIDs,
        adapters: [second])
    ])[0]
    #expect(row.tokens == alone.compactMap { MicroNats(roundingNats: $0) })
  }

  @Test func `sentences are taken out with all adapters present`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: sources, adapters: both)
    let scorer = try answerer.scorer(for: answer)
    let place = SentencePlace(source: 2, sentence: 0)
    let row = try scorer.tokenValues(withoutEach: [place])[0]
    // The passage's only sentence: the same as without its document, adapters in place.
    #expect(try row == scorer.tokenValues(of: [Coalition([0, 1, 3, 4])])[0])
    let report = try answerer.attribute(answer, seed: 0)
    let found = try answerer.sentenceInfluence(of: answer, influence: report.influence)
    #expect(found.documents.allSatisfy { $0 < 3 } && !found.sentences.isEmpty)
  }
}
