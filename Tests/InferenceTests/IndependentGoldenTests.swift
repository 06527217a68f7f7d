import Kernels
import TestSupport
import Testing

@testable import Inference

/// The reader with independent passages against a float32 evaluation, passages dropped and shuffled.
@Suite(.enabled(if: SharedData.isPresent, SharedData.missing))
struct IndependentGoldenTests {
  struct Golden: Decodable {
    struct Item: Decodable {
      let tokens: [Int32]
      let answer: [Int32]
      let labelLogits: [String: [Float]]
      let scores: [Score]
    }

    struct Score: Decodable {
      /// Passages by number, from 1.
      let dropped: [Int]
      let logprob: [Double]
    }

    let items: [Item]
  }

  /// Bounds for the difference of a label's logit.
  ///
  /// With the f16 file both sides compute in float32 and differ in the order of sums and in keys and
  /// values, which are stored as float16 here (0.0027 and 0.0037 at most; 0.0001 without); golden values
  /// are rounded to 4 decimals. The Q8_0 file adds weights and activations in 8 bits.
  static let logitError: [String: Float] = ["f16": 0.005, "q8_0": 0.15]
  /// The same for log-probabilities, relative where they are below -1.
  static let logProbabilityError: [String: Double] = ["f16": 0.006, "q8_0": 0.3]

  /// One golden item, taken apart: passages begin with `<|d1|>`...`<|d8|>`, the
  /// question with `<|q|>` and ends with `<|a|>`, where the answer follows.
  struct Item {
    let passages: [[Int32]]
    let question: [Int32]

    init(_ tokens: [Int32], _ model: LanguageModel) throws {
      let starts = Set((1...8).compactMap { try? model.tokenizer.token(named: "<|d\($0)|>") })
      let question = try #require(tokens.firstIndex(of: model.tokenizer.token(named: "<|q|>")!))
      var passages: [[Int32]] = []
      for token in tokens[..<question] {
        if starts.contains(token) { passages.append([]) }
        passages[passages.count - 1].append(token)
      }
      let answer = try #require(tokens.firstIndex(of: model.tokenizer.token(named: "<|a|>")!))
      self.passages = passages
      self.question = Array(tokens[question...answer])
    }
  }

  private func segments(_ item: Item, _ model: LanguageModel) throws -> [KVSegment] {
    let segments = item.passages.map { _ in model.makeSegment() }
    _ = try model.forward(
      zip(item.passages, segments).map {
        ForwardRequest(tokens: $0, segment: $1, outputs: .none)
      })
    return segments
  }

  @Test(arguments: ["f16", "q8_0"])
  func labelLogitsAndLogProbabilitiesHold(kind: String) throws {
    let golden = try Fixture.decode(
      Golden.self, path: SharedData.path("reader/independent-golden.json"))
    let model = try TestModels.load(SharedData.model("reader-independent-\(kind).gguf"))
    let start = try model.file.int("tributary.question_position")
    for golden in golden.items {
      let item = try Item(golden.tokens, model)
      let passages = try segments(item, model)
      let logits = try model.forward([
        ForwardRequest(
          tokens: item.question, segment: model.makeSegment(startPosition: start),
          attending: passages)
      ])[0]
      let expected = try #require(golden.labelLogits.values.first)
      var labels = (1..<expected.count).map { "<|s\($0)|>" }
      labels.append("<|none|>")
      for (label, value) in zip(labels, expected) {
        let token = try #require(try model.tokenizer.token(named: label))
        let difference = abs(logits.values[Int(token)] - value)
        #expect(difference < Self.logitError[kind]!, "\(label): \(difference)")
      }
      for score in golden.scores {
        let kept = passages.indices.filter { !score.dropped.contains($0 + 1) }.map { passages[$0] }
        try check(item, golden.answer, score.logprob, kept, start, model, kind)
        try check(item, golden.answer, score.logprob, kept.reversed(), start, model, kind)
      }
    }
  }

  private func check(
    _ item: Item, _ answer: [Int32], _ expected: [Double], _ passages: [KVSegment], _ start: Int,
    _ model: LanguageModel, _ kind: String
  ) throws {
    let first = item.question.count - 1
    let request = ScoreRequest(
      tokens: item.question + answer.dropLast(),
      targets: answer.enumerated().map { (first + $0.offset, $0.element) },
      segment: model.makeSegment(startPosition: start), attending: passages)
    let scores = try model.logProbabilities([request])[0]
    for (score, value) in zip(scores, expected) {
      // A log-probability of -8 has the error of the logits; one near 0 hardly any.
      let difference = abs(score - value) / max(1, -value)
      #expect(difference < Self.logProbabilityError[kind]!, "\(score) instead of \(value)")
    }
  }
}
