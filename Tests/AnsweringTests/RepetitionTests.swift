import Attribution
import Foundation
import Inference
import Testing

@testable import Answering

/// A sentence that only repeats the question is worth nothing to whoever wrote it.
@Suite struct RepetitionTests {
  private let question = "When does the bakery open?"
  private let echoes = [
    "When does the bakery open?", "The bakery, does it open?", "When does the bakery open.",
  ]

  /// A document that says something beside the question, and one with the same but without it.
  private var stuffed: Source { hill(["The hill is bare."] + echoes + ["Sheep graze on it."]) }
  private var plain: Source { hill(["The hill is bare.", "Sheep graze on it."]) }

  private func hill(_ sentences: [String]) -> Source {
    Source(
      reference: "hill", text: sentences.joined(separator: " "), sentences: sentences, player: 3,
      document: 15)
  }

  /// What an answer says and every value of it, by the numbers of the documents present.
  private struct Outcome: Equatable {
    let text: String
    let tokens: [Int32]
    let citations: [String]
    let values: [Set<Int>: [MicroNats]]
    let shares: [Int: Int]
    let ownKnowledge: Int
  }

  private func outcome(_ sources: [Source], _ answerer: ReaderAnswerer) throws -> Outcome {
    let answer = try answerer.answer(question, sources: sources)
    let coalitions = Coalition.everyone(answer.documents.count).subsets
    let rows = try answerer.scorer(for: answer).tokenValues(of: coalitions)
    let report = try answerer.attribute(answer, seed: 0)
    return Outcome(
      text: answer.text, tokens: answer.tokenIDs,
      citations: answer.citations.map {
        "\(sources[$0.source].reference) \(sources[$0.source].sentences[$0.sentence ?? 0])"
      },
      values: Dictionary(
        uniqueKeysWithValues: zip(coalitions, rows).map { coalition, row in
          (Set(coalition.members.map { answer.documents[$0].document }), row)
        }),
      shares: Dictionary(
        uniqueKeysWithValues: report.documents.map { ($0.document, $0.sharePPM) }),
      ownKnowledge: report.ownKnowledgePPM)
  }

  @Test func `a document that only repeats the question changes no byte`() throws {
    let echo = Source(
      reference: "echo", text: echoes.joined(separator: " "), sentences: echoes, player: 3,
      document: 15)
    let expected = try outcome(Village.sources, Models.answerer())
    for sources in [Village.sources + [echo], [echo] + Village.sources] {
      #expect(try outcome(sources, Models.answerer()) == expected)
      let answer = try Models.answerer().answer(question, sources: sources)
      #expect(answer.dropped == [sources.firstIndex { $0.reference == "echo" }])
      #expect(!answer.players.contains(3))
    }
    // Where it is read, it is quoted and takes most of the answer.
    let read = try outcome(Village.sources + [echo], Models.answerer(repetitions: .read))
    #expect(read.text != expected.text)
    #expect(try #require(read.shares[15]) > 500_000)
    let alone = try Models.answerer().answer(question, sources: [echo])
    #expect(alone.isRefusal && alone.players.isEmpty)
  }

  @Test func `a stuffed document is worth exactly what it is without the repetitions`() throws {
    let expected = try outcome(Village.sources + [plain], Models.answerer())
    let found = try outcome(Village.sources + [stuffed], Models.answerer())
    #expect(found == expected)
    #expect(found.values.count == 64)
    let read = try outcome(Village.sources + [stuffed], Models.answerer(repetitions: .read))
    #expect(read.values[[15]] != expected.values[[15]])
    #expect(read.values[[11, 15]] != expected.values[[11, 15]])
  }

  @Test func `sentences keep the numbers that they have in their document`() throws {
    let asked = "What grazes on the hill?"
    let sentences = ["The hill is bare.", asked, "Sheep graze on it."]
    let answer = try Models.answerer().answer(asked, sources: [hill(sentences)])
    let reading = try #require(answer.reading)
    #expect(reading.terms.map(\.sentence) == [0, 2])
    let scorer = try Models.answerer().scorer(for: answer)
    let places = sentences.indices.map { SentencePlace(source: 0, sentence: $0) }
    let rows = try scorer.tokenValues(withoutEach: places)
    let whole = try scorer.tokenValues(of: [answer.partition.everyDocument])[0]
    // Taking out what was never there takes nothing away.
    #expect(rows[1] == whole)
    #expect(rows[0] != whole && rows[2] != whole)
    for citation in answer.citations {
      #expect(answer.text.contains(sentences[try #require(citation.sentence)]))
    }
  }

  @Test func `no cache takes a passage with a sentence left out for the whole`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/passages-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sources = Village.sources + [stuffed]
    let other = "What grazes on the hill?"
    func rows(_ question: String, _ answerer: ReaderAnswerer) throws -> [[MicroNats]] {
      let answer = try answerer.answer(question, sources: sources)
      return try answerer.scorer(for: answer)
        .tokenValues(of: Coalition.everyone(answer.documents.count).subsets)
    }
    let expected = try [question, other].map { try rows($0, Models.answerer()) }
    for order in [[0, 1], [1, 0]] {
      let cache = try KVCache(
        directory: folder, capacityBytes: 64 << 20, model: Models.reader.get(), modelHash: [7])
      let answerer = try Models.answerer(cache: cache)
      for index in order {
        #expect(try rows([question, other][index], answerer) == expected[index])
      }
    }
  }

  @Test func `what a trace gives no label is left out again, whatever would be read today`() throws
  {
    let sources = Village.sources + [stuffed]
    for repetitions in [Repetitions.omitted, .read] {
      let expected = try outcome(sources, Models.answerer(repetitions: repetitions))
      let answer = try Models.answerer(repetitions: repetitions).answer(question, sources: sources)
      let terms = try #require(answer.reading).terms
      let replayed = sources.enumerated().map { index, source in
        var source = source
        let read = terms.filter { $0.source == index }.map(\.sentence)
        source.unread = Set(source.sentences.indices).subtracting(read)
        return source
      }
      #expect(replayed.last?.unread.count == (repetitions == .omitted ? 3 : 0))
      #expect(try outcome(replayed, Models.answerer(repetitions: .read)) == expected)
    }
  }

  @Test(arguments: [
    ("When does the bakery open?", true), ("When does the bakery open", true),
    ("“When does the bakery open?”", true), ("Does the bakery open?", true),
    ("The bakery opens.", false), ("When does the bakery open on Sunday?", false),
    ("Then.", false), ("", false),
  ])
  func `repetitions are told from answers`(text: String, expected: Bool) {
    #expect(AskedQuestion(question).isRepeated(by: text) == expected)
    #expect(!AskedQuestion("Is the bakery open?").isRepeated(by: "The bakery is open."))
  }

  @Test func `a chunk says nothing where every sentence is a repetition`() {
    let asked = AskedQuestion(question)
    #expect(Source.onlyRepeat(asked, echoes))
    #expect(!Source.onlyRepeat(asked, echoes + ["It opens at six."]))
    #expect(!Source.onlyRepeat(asked, []))
  }
}
