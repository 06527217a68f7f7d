import Attribution
import Inference
import Testing

@testable import Answering

/// The cross-encoder's part of the label score; its model is tiny and random here.
@Suite struct CrossTermTests {
  private static let crossEncoder = Result {
    try CrossEncoder.load(
      path: Models.path("Tests/InferenceTests/Fixtures/encoder-sentences.gguf"),
      backend: Models.backend.get())
  }

  private let question = "When does the bakery open?"

  private func answerer(
    weights: LabelWeights? = nil, repetitions: Repetitions = .omitted
  ) throws -> ReaderAnswerer {
    try ReaderAnswerer(
      model: Models.reader.get(), embedder: Models.embedder.get(),
      crossEncoder: Self.crossEncoder.get(), lexicon: Models.lexicon.get(), weights: weights,
      repetitions: repetitions)
  }

  @Test func `without a file there is no term and the weights are those for none`() throws {
    let without = try ReaderAnswerer(
      model: Models.reader.get(), embedder: Models.embedder.get(), lexicon: Models.lexicon.get())
    #expect(without.weights == .tuned && LabelWeights.tuned.cross == 0)
    #expect(try answerer().weights == .tunedWithCross)
    let evidence = try without.evidence(question, sources: Village.sources)
    #expect(evidence.sentences.allSatisfy { $0.cross == nil })
    // With a weight of zero the file changes nothing.
    let ignored = try answerer(weights: .tuned).answer(question, sources: Village.sources)
    #expect(ignored.reading == (try without.answer(question, sources: Village.sources)).reading)
  }

  @Test func `every sentence's term is its weighted score`() throws {
    let answerer = try answerer()
    let evidence = try answerer.evidence(question, sources: Village.sources)
    let expected = try Self.crossEncoder.get().read(
      question: question, passages: Village.sources.map(\.sentences))
    var weights = LabelWeights.tuned
    weights.cross = 0.5
    let terms = try #require(evidence.terms(weights))
    let plain = try #require(evidence.terms(.tuned))
    for (sentence, (term, before)) in zip(evidence.sentences, zip(terms, plain)) {
      let cross = try #require(sentence.cross)
      #expect(cross == expected[sentence.source][sentence.sentence])
      #expect(abs(Double(term.semantic - before.semantic) - 500_000 * cross.score) <= 1)
      #expect(term.lexical == before.lexical)
    }
  }

  @Test func `a repetition of the question that is read is not quoted`() throws {
    let repetition = Village.source(
      "echo", player: 3, document: 15, question, "Nobody knows, and many ask.")
    let sources = Village.sources + [repetition]
    let answer = try answerer(repetitions: .read).answer(question, sources: sources)
    let echo = Answer.Citation(source: Village.sources.count, sentence: 0)
    #expect(!answer.citations.contains(echo))
    // Without the rule it is quoted: its terms are the largest.
    let before = try answerer(weights: .tuned, repetitions: .read)
      .answer(question, sources: sources)
    #expect(before.citations.contains(echo))
  }

  @Test func `a source's terms do not depend on the other sources, nor on the cache`() throws {
    let answerer = try answerer()
    let all = try answerer.evidence(question, sources: Village.sources)
    let again = try answerer.evidence(question, sources: Village.sources)
    let fresh = try answerer.withEmptyCache().evidence(question, sources: Village.sources)
    #expect(all.sentences.map(\.cross) == again.sentences.map(\.cross))
    #expect(all.sentences.map(\.cross) == fresh.sentences.map(\.cross))
    for (index, source) in Village.sources.enumerated() {
      let alone = try answerer.withEmptyCache().evidence(question, sources: [source])
      let expected = all.sentences.filter { $0.source == index }.map(\.cross)
      #expect(alone.sentences.map(\.cross) == expected)
    }
  }

  @Test func `a coalition is valued with the terms of its own sentences`() throws {
    let answerer = try answerer()
    let answer = try answerer.answer(question, sources: Village.sources)
    let reading = try #require(answer.reading)
    let everyone = Coalition.everyone(answer.documents.count)
    let values = try answerer.scorer(for: answer).logProbabilities(of: [everyone])
    let first = try #require(reading.choices.first)
    let expected =
      switch first {
      case .none: reading.noneLogProbability
      case .sentence(let label):
        try #require(reading.terms.first { $0.label == label }).logProbability
      }
    #expect(abs(values[0][0] * 1e6 - Double(expected)) <= 1)
  }
}
