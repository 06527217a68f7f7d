import Attribution
import Foundation
import Inference
import Testing

@testable import Answering

@Suite struct ReaderScorerTests {
  @Test func `one batch of all coalitions equals each from scratch, to the last bit`() throws {
    let answerer = try Models.answerer()
    let answer = try answerer.answer("When does the bakery open?", sources: Village.sources)
    let coalitions = Coalition.everyone(answer.documents.count).subsets
    #expect(coalitions.count == 32)
    let batch = try answerer.scorer(for: answer).logProbabilities(of: coalitions)
    for (coalition, row) in zip(coalitions, batch) {
      let alone = try bruteForce(answer, coalition)
      #expect(row.map(\.bitPattern) == alone.map(\.bitPattern), "\(coalition)")
    }
  }

  /// Value of one coalition with fresh segments, one request at a time, from the definition alone.
  private func bruteForce(_ answer: Answer, _ coalition: Coalition) throws -> [Double] {
    let model = try Models.reader.get()
    let tokenizer = try model.tokenizer
    let vocabulary = try ReaderVocabulary(model)
    let layout = PassageLayout(
      sources: answer.sources, vocabulary: vocabulary, tokenizer: tokenizer)
    let present = Set(answer.sources(of: coalition))
    var segments: [KVSegment] = []
    for passage in layout.passages where present.contains(passage.source) {
      var tokens = [vocabulary.passages[passage.slot]]
      for (index, sentence) in passage.sentences.enumerated() {
        tokens += [vocabulary.labels[passage.label(ofSentence: index) - 1]] + sentence.tokens
      }
      let segment = model.makeSegment()
      _ = try model.forward([ForwardRequest(tokens: tokens, segment: segment, outputs: .none)])
      segments.append(segment)
    }
    let question =
      [vocabulary.question]
      + tokenizer.encode(" " + answer.question, addSpecial: false, parseSpecial: false)
      + [vocabulary.answer]
    func logProbabilities(_ tokens: [Int32], _ targets: [ScoreRequest.Target]) throws -> [Double] {
      try model.logProbabilities([
        ScoreRequest(
          tokens: tokens, targets: targets, segment: model.makeSegment(startPosition: 384),
          attending: segments)
      ])[0]
    }
    let labels = try logProbabilities(
      question, (vocabulary.labels + [vocabulary.none]).map { (question.count - 1, $0) })
    let reading = try #require(answer.reading)
    let terms = reading.terms.filter { present.contains($0.source) }
    let distribution = LabelDistribution(
      reader: labels, terms: terms.totals, noneTerm: LabelWeights.tuned.noneTerm)
    var row: [Double] = []
    var quoted: [Label] = []
    for choice in reading.choices {
      guard case .sentence(let label) = choice else { continue }
      row.append(distribution.logProbabilities(without: quoted)[label - 1])
      quoted.append(label)
      let text = try #require(layout.sentence(label)).tokens
      row += try logProbabilities(
        question + [vocabulary.labels[label - 1]] + text,
        text.enumerated().map { (question.count + $0, $1) })
    }
    return row
  }

  @Test func `an answer made just now is valued like one of long ago, to the last bit`() throws {
    let answerer = try Models.answerer()
    let more = (0..<8).map { number in
      let text = "House number \(number) has a green door."
      return Source(
        reference: "house \(number)", text: text, sentences: [text], player: 1,
        document: 10 + number)
    }
    let answer = try answerer.answer("When does the bakery open?", sources: Village.sources + more)
    #expect(!answer.dropped.isEmpty)
    let everyone = Coalition.everyone(answer.documents.count)
    let coalitions = [everyone, .nobody] + everyone.members.map { everyone.removing($0) }
    let now = try answerer.scorer(for: answer)
    #expect(now.read != nil)
    _ = try answerer.answer("How tall is the lighthouse?", sources: Village.sources)
    let later = try answerer.scorer(for: answer)
    #expect(later.read == nil)
    let rows = try [now, later].map { try $0.logProbabilities(of: coalitions) }
    #expect(rows[0].map { $0.map(\.bitPattern) } == rows[1].map { $0.map(\.bitPattern) })
    let places = [SentencePlace(source: answer.citations[0].source, sentence: 0)]
    #expect(
      try now.tokenValues(withoutEach: places) == later.tokenValues(withoutEach: places))
  }

  @Test func `caching passages changes no bit`() throws {
    let question = "Who built the Orrin lighthouse?"
    let cached = try Models.answerer()
    _ = try cached.answer("When does the bakery open?", sources: Village.sources)
    let uncached = try Models.answerer(cacheBytes: 0)
    let answers = try [cached, uncached].map { try $0.answer(question, sources: Village.sources) }
    #expect(answers[0].reading == answers[1].reading)
    let coalitions = Coalition.everyone(5).subsets
    #expect(
      try cached.scorer(for: answers[0]).tokenValues(of: coalitions)
        == uncached.scorer(for: answers[1]).tokenValues(of: coalitions))
  }

  @Test func `passages kept on disk change no bit`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/passages-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func cache() throws -> KVCache {
      try KVCache(
        directory: folder, capacityBytes: 64 << 20, model: Models.reader.get(), modelHash: [7])
    }
    let question = "When does the bakery open?"
    var rows: [[[MicroNats]]] = []
    for (cache, hits) in [(nil, 0), (try cache(), 0), (try cache(), 5)] {
      let answerer = try Models.answerer(cache: cache)
      let answer = try answerer.answer(question, sources: Village.sources)
      rows.append(try answerer.scorer(for: answer).tokenValues(of: Coalition.everyone(5).subsets))
      #expect(cache?.counts.hits ?? 0 == hits)
    }
    #expect(rows[0] == rows[1] && rows[0] == rows[2])
  }

  @Test func `the source of the fact has the largest influence`() throws {
    let answerer = try Models.answerer()
    for (question, player) in [
      ("Who built the Orrin lighthouse?", 4), ("When does the bakery open?", 7),
      ("How many teachers does the school have?", 9),
    ] {
      let answer = try answerer.answer(question, sources: Village.sources)
      let report = try answerer.attribute(answer, seed: 0)
      let top = report.contributors.max { $0.sharePPM < $1.sharePPM }
      #expect(top?.player == player)
      #expect((top?.sharePPM ?? 0) > 500_000)
    }
  }

  @Test func `the report adds up at every level`() throws {
    let answerer = try Models.answerer()
    let answer = try answerer.answer("When does the bakery open?", sources: Village.sources)
    let report = try answerer.attribute(answer, seed: 0)
    #expect(report.contributors.map(\.player) == [4, 7, 9])
    #expect(report.documents.map(\.document) == [10, 12, 11, 13, 14])
    #expect(
      report.contributors.map(\.sharePPM).reduce(report.ownKnowledgePPM, +) == 1_000_000)
    for contributor in report.contributors {
      let documents = report.documents.filter { $0.player == contributor.player }
      #expect(documents.map(\.sharePPM).reduce(0, +) == contributor.sharePPM)
      #expect(documents.map(\.owen).reduce(0, +) == contributor.influence.shapley)
    }
    #expect(report.contributorCoalitions.count == 8)
    for row in report.coalitions {
      #expect(row.tokens.count == answer.tokenIDs.count)
      #expect(row.tokens.reduce(0, +) == row.value)
    }
    let gain = report.influence.withAllSources - report.influence.withoutSources
    #expect(report.contributors.map(\.influence.shapley).reduce(0, +) == gain)
  }

  @Test func `an answer can be scored again from what it holds`() throws {
    let first = try Models.answerer()
    let answer = try first.answer("When does the bakery open?", sources: Village.sources)
    let again = try Models.answerer()
    #expect(
      try first.attribute(answer, seed: 3).coalitions
        == again.attribute(answer, seed: 3).coalitions)
  }

  @Test func `adding an unrelated source hardly moves the answer's value`() throws {
    let answerer = try Models.answerer()
    let answer = try answerer.answer("Who built the Orrin lighthouse?", sources: Village.sources)
    let report = try answerer.attribute(answer, seed: 0)
    let school = try #require(report.contributors.first { $0.player == 9 })
    #expect(school.sharePPM < 50_000)
  }

  @Test func `a scorer of another mode refuses the answer`() throws {
    let answer = Answer(
      mode: .joint, question: "", sources: [], dropped: [], text: "", citations: [], tokenIDs: [],
      promptTokens: 0, reading: nil)
    #expect(throws: AnswerError.wrongMode(found: .joint, expected: .independent)) {
      try Models.answerer().scorer(for: answer)
    }
  }
}
