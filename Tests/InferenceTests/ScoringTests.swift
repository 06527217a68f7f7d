import Kernels
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
}
