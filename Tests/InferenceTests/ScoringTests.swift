import Kernels
import TestSupport
import Testing

@testable import Inference

/// Scores of ragged batches and trees against one text at a time on rows of logits.
@Suite struct ScoringTests {
  /// Log-probabilities of `tokens` from `first` on, each after all before it, from whole rows.
  private func naive(
    _ tokens: [Int32], from first: Int, in model: LanguageModel
  ) throws -> [Double] {
    let logits = try model.forward([
      ForwardRequest(tokens: tokens, segment: model.makeSegment(), outputs: .all)
    ])[0]
    return (first..<tokens.count).map { index in
      let row = Array(logits[index - 1])
      return Double(row[Int(tokens[index])]) - model.backend.logSumExp(row, count: row.count)
    }
  }

  @Test func aTreeOfSegmentsInOneBatchEqualsItsPathsAlone() throws {
    let model = try TestModels.tiny("tiny-q8_0")
    let tokens = TestModels.tokens(90, for: model)
    let root = model.makeSegment()
    let left = model.makeSegment(startPosition: 30)
    let right = model.makeSegment(startPosition: 30)
    let tail = model.makeSegment(startPosition: 55)
    let logits = try model.forward([
      ForwardRequest(tokens: Array(tokens[..<30]), segment: root, outputs: .none),
      ForwardRequest(
        tokens: Array(tokens[30..<55]), segment: left, attending: [root], outputs: .rows([24, 3])),
      ForwardRequest(
        tokens: Array(tokens[60..<70]), segment: right, attending: [root], outputs: .all),
      ForwardRequest(
        tokens: Array(tokens[55..<90]), segment: tail, attending: [root, left], outputs: .all),
    ])
    let whole = try model.forward([
      ForwardRequest(tokens: tokens, segment: model.makeSegment(), outputs: .all)
    ])[0]
    let other = try model.forward([
      ForwardRequest(
        tokens: Array(tokens[..<30] + tokens[60..<70]), segment: model.makeSegment(),
        outputs: .all)
    ])[0]
    #expect(logits[1][0] == whole[54] && logits[1][1] == whole[33])
    #expect((0..<10).allSatisfy { logits[2][$0] == other[30 + $0] })
    #expect((0..<35).allSatisfy { logits[3][$0] == whole[55 + $0] })
    #expect([root, left, right, tail].map(\.count) == [30, 25, 10, 35])
  }

  @Test func aSegmentThatGrowsAfterItWasReadIsRefused() throws {
    let model = try TestModels.tiny("tiny-q8_0")
    let segment = model.makeSegment()
    let reader = ForwardRequest(
      tokens: [1], segment: model.makeSegment(startPosition: 5), attending: [segment])
    #expect {
      try model.forward([reader, ForwardRequest(tokens: [2], segment: segment)])
    } throws: { "\($0)".contains("appends to") }
    #expect(segment.count == 0)
  }

  /// Random texts that share beginnings of random lengths, with a few random targets each.
  private func sequences(
    _ count: Int, in model: LanguageModel, seed: UInt64, attending: [[KVSegment]] = [[]]
  ) -> [ScoredSequence] {
    var random = RandomNumbers(seed: seed)
    func below(_ limit: Int) -> Int { min(limit - 1, Int(random.unit() * Double(limit))) }
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in Int32(below(model.configuration.vocabulary)) }
    }
    var texts: [[Int32]] = []
    return (0..<count).map { index in
      let start = texts.isEmpty ? [] : texts[below(texts.count)]
      let text = Array(start.prefix(below(start.count + 1))) + tokens(1 + below(18))
      texts.append(text)
      let targets = (0..<below(5)).map { _ in (row: below(text.count), token: tokens(1)[0]) }
      return ScoredSequence(
        tokens: text, targets: targets, startPosition: 40,
        attending: attending[index % attending.count])
    }
  }

  /// Each text alone, on whole rows of logits.
  private func naive(_ sequence: ScoredSequence, in model: LanguageModel) throws -> [Double] {
    let logits = try model.forward([
      ForwardRequest(
        tokens: sequence.tokens, segment: model.makeSegment(startPosition: sequence.startPosition),
        attending: sequence.attending, outputs: .all)
    ])[0]
    return sequence.targets.map { target in
      let row = Array(logits[target.row])
      return Double(row[Int(target.token)]) - model.backend.logSumExp(row, count: row.count)
    }
  }

  /// Passages at the same positions, as sets that texts attend to.
  private func passages(of model: LanguageModel) throws -> [[KVSegment]] {
    let passages = try (0..<3).map { index in
      let segment = model.makeSegment()
      let tokens = TestModels.tokens(20 + 9 * index, for: model).map { ($0 + Int32(index)) % 250 }
      _ = try model.forward([ForwardRequest(tokens: tokens, segment: segment, outputs: .none)])
      return segment
    }
    return [[], [passages[0]], [passages[2], passages[1]], passages]
  }

  private func check(_ model: LanguageModel, seed: UInt64, count: Int = 24) throws {
    let sequences = sequences(count, in: model, seed: seed, attending: try passages(of: model))
    let expected = try sequences.map { try naive($0, in: model) }
    for batchTokens in [1, 37, 4096] {
      let found = try model.logProbabilities(of: sequences, batchTokens: batchTokens)
      #expect(found == expected, "batches of \(batchTokens)")
    }
  }

  @Test(arguments: TestModels.tiny)
  func `random trees give the scores of each text alone`(name: String) throws {
    for seed in 1...4 { try check(TestModels.tiny(name), seed: UInt64(seed)) }
  }

  @Test func `scores are the same on every instruction set and thread count`() throws {
    let reference = try TestModels.tiny("tiny-odd")
    let texts = sequences(20, in: reference, seed: 9)
    let expected = try reference.logProbabilities(of: texts)
    #expect(Set(expected.joined()).count > 20)
    for isa in TestModels.sets {
      for threads in [1, 2, 3] {
        let model = try TestModels.tiny("tiny-odd", isa: isa, threads: threads)
        #expect(try model.logProbabilities(of: texts) == expected, "\(isa), \(threads) threads")
      }
    }
  }

  @Test(
    .enabled(if: SharedData.isPresent, SharedData.missing),
    arguments: ["stories260K.gguf", "reader-independent-q8_0.gguf"])
  func `random trees of real models give the scores of each text alone`(name: String) throws {
    try check(TestModels.load(SharedData.model(name), threads: 2), seed: 5)
  }

  @Test func `a continuation is scored after its context`() throws {
    let model = try TestModels.tiny("tiny-f16")
    let tokens = TestModels.tokens(40, for: model)
    let contexts = [Array(tokens[..<20]), Array(tokens[..<13]), [5]]
    let continuation = Array(tokens[20...])
    let found = try model.logProbabilities(
      of: contexts.map { ScoredSequence(context: $0, continuation: continuation) })
    for (context, scores) in zip(contexts, found) {
      #expect(scores == (try naive(context + continuation, from: context.count, in: model)))
    }
  }

  @Test func `texts that cannot be scored are refused`() throws {
    let model = try TestModels.tiny("tiny-q8_0")
    let cases: [(ScoredSequence, String)] = [
      (.init(tokens: [], targets: []), "at least one token"),
      (.init(tokens: [1, 2], targets: [(2, 1)]), "row 2"),
      (.init(tokens: [1, 2], targets: [(1, 300)]), "token 300"),
      (.init(tokens: [1, -2], targets: [(1, 3)]), "token -2"),
      (.init(tokens: [1, 2], targets: [(1, 3)], startPosition: 127), "129 positions"),
    ]
    for (sequence, message) in cases {
      #expect {
        try model.logProbabilities(of: [sequence])
      } throws: { "\($0)".contains(message) }
    }
    #expect(try model.logProbabilities(of: [.init(tokens: [1], targets: [])]) == [[]])
  }
}
