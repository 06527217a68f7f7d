import Testing

@testable import Answering
@testable import Inference

@Suite struct ShortAnswerTests {
  private let text = "The bakery on Quay Street opens at (half past five)."

  private func sentence(_ spans: [(Range<Int>, Double)]) -> LabelEvidence.Sentence {
    LabelEvidence.Sentence(
      label: 1, source: 0, sentence: 0, overlap: 0, cosine: 0, contextCosine: 0,
      repeatsQuestion: false,
      cross: CrossEncoder.Sentence(
        score: 1, spans: spans.map { CrossEncoder.Span(words: $0.0, score: $0.1) }))
  }

  @Test func `what the question says counts against a short answer`() throws {
    let found = sentence([(0..<2, 9), (7..<10, 5), (1..<10, 4)])
      .shortAnswers("When does the bakery open?", text: text)
    #expect(found.map(\.text).prefix(2) == ["The bakery", "half past five"])
    #expect(found.map(\.asked).prefix(2) == [1, 0])
    #expect(found[2].asked > 0 && found[2].asked < 1)
    #expect(ShortAnswer.best(found)?.text == "half past five")
    #expect(ShortAnswer.best(found, askedCost: 0)?.text == "The bakery")
  }

  @Test func `among equals the first is the answer, and the same words count once`() {
    let found = sentence([(7..<10, 5), (7..<10, 5), (3..<5, 5)]).shortAnswers("?", text: text)
    #expect(found.map(\.text) == ["half past five", "Quay Street"])
    #expect(ShortAnswer.best(found)?.text == "half past five")
  }

  @Test func `without spans, or with those of another text, there is none`() {
    #expect(sentence([]).shortAnswers("?", text: text).isEmpty)
    #expect(sentence([(7..<99, 1)]).shortAnswers("?", text: text).isEmpty)
    #expect(sentence([(0..<1, 1)]).shortAnswers("?", text: "?!").isEmpty)
    #expect(ShortAnswer.best([]) == nil)
  }
}
