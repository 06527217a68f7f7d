import Kernels
import Testing

@testable import Inference

@Suite struct SegmentTests {
  let model: LanguageModel
  let tokens: [Int32]
  let expected: [UInt32]

  init() throws {
    model = try TestModels.tiny("tiny-q8_0")
    tokens = TestModels.tokens(48, for: model)
    expected = try TestModels.bits(tokens, in: model)
  }

  /// The last `count` of the expected logits.
  private func tail(_ count: Int) -> [UInt32] {
    Array(expected.suffix(count * model.configuration.vocabulary))
  }

  private func fill(
    _ tokens: ArraySlice<Int32>, from position: Int = 0,
    attending: [KVSegment] = []
  ) throws -> KVSegment {
    let segment = model.makeSegment(startPosition: position)
    _ = try model.forward([
      ForwardRequest(
        tokens: Array(tokens), segment: segment, attending: attending, outputs: .none)
    ])
    return segment
  }

  @Test func theSamePositionsCutIntoSegmentsAnywhereGiveTheSameBits() throws {
    for cut in 1..<40 {
      let head = try fill(tokens[..<cut])
      let bits = try TestModels.bits(
        Array(tokens[cut...]), in: model, from: cut, attending: [head])
      #expect(bits == tail(48 - cut), "cut at \(cut)")
    }
    let first = try fill(tokens[..<5])
    let second = try fill(tokens[5..<29], from: 5, attending: [first])
    let bits = try TestModels.bits(
      Array(tokens[29...]), in: model, from: 29, attending: [first, second])
    #expect(bits == tail(19))
  }

  /// The memory is laid out anew as it grows, and after truncation as it shrinks.
  @Test func tokenByTokenEqualsAllAtOnce() throws {
    let tokens = TestModels.tokens(95, for: model)
    let segment = model.makeSegment(startPosition: 0)
    for token in tokens {
      _ = try model.forward([ForwardRequest(tokens: [token], segment: segment, outputs: .none)])
    }
    let whole = try fill(tokens[...])
    for count in [95, 20, 7] {
      segment.truncate(to: count)
      whole.truncate(to: count)
      let logits = try [segment, whole].map {
        try model.forward([
          ForwardRequest(
            tokens: [5], segment: model.makeSegment(startPosition: count),
            attending: [$0], outputs: .all)
        ])[0].values.map(\.bitPattern)
      }
      #expect(logits[0] == logits[1], "\(count) positions")
      let again = try model.forward([
        ForwardRequest(tokens: Array(tokens[..<30]), segment: segment, outputs: .all)
      ])
      let expected = try model.forward([
        ForwardRequest(tokens: Array(tokens[..<30]), segment: whole, outputs: .all)
      ])
      #expect(again[0].values.map(\.bitPattern) == expected[0].values.map(\.bitPattern))
    }
  }

  @Test func rollingBackEqualsNeverHavingGoneThere() throws {
    let segment = try fill(tokens[..<20])
    _ = try model.forward([
      ForwardRequest(tokens: [7, 8, 9, 10, 11, 12, 13], segment: segment, outputs: .all)
    ])
    segment.truncate(to: 17)
    #expect(segment.count == 17 && segment.tokens == Array(tokens[..<17]))
    let logits = try model.forward([
      ForwardRequest(tokens: Array(tokens[17...]), segment: segment, outputs: .all)
    ])
    #expect(logits[0].values.map(\.bitPattern) == tail(31))
  }

  @Test func aCopyContinuesOnItsOwn() throws {
    let segment = try fill(tokens[..<21])
    let fork = segment.copy()
    _ = try model.forward([ForwardRequest(tokens: [1, 2, 3], segment: segment)])
    #expect(fork.count == 21 && segment.count == 24)
    let logits = try model.forward([
      ForwardRequest(tokens: Array(tokens[21...]), segment: fork, outputs: .all)
    ])
    #expect(logits[0].values.map(\.bitPattern) == tail(27))
  }

  /// Stored bytes alone, as on disk, stand for the segment; appending leaves them as they are.
  @Test(arguments: [1, 16, 21, 40]) func aSegmentOverBorrowedBytesEqualsTheOriginal(cut: Int) throws
  {
    let original = try fill(tokens[..<cut])
    let configuration = model.configuration
    let bytes = (0..<configuration.layers).map { layer in
      original.withBytes(layer: layer) { [UInt8]($0) }
    }
    #expect(
      bytes.allSatisfy { $0.count == KVSegment.byteCount(of: configuration, positions: cut) })
    let memory = Memory(bytes)
    let borrowed = KVSegment(
      configuration, startPosition: 0, tokens: Array(tokens[..<cut]), layers: memory.layers,
      owner: memory)
    let rest = Array(tokens[cut...])
    let attended = try TestModels.bits(rest, in: model, from: cut, attending: [borrowed])
    #expect(attended == tail(48 - cut))
    let copy = borrowed.copy()
    for segment in [copy, borrowed] {
      let logits = try model.forward([
        ForwardRequest(tokens: rest, segment: segment, outputs: .all)
      ])
      #expect(logits[0].values.map(\.bitPattern) == tail(48 - cut) && segment.count == 48)
    }
    #expect(memory.layers.map { [UInt8]($0) } == bytes)
  }

  /// Read-only bytes with an address of their own, aligned to nothing.
  private final class Memory: KVMemory {
    let isDamaged = false
    let layers: [UnsafeRawBufferPointer]

    init(_ bytes: [[UInt8]]) {
      layers = bytes.map { bytes in
        let memory = UnsafeMutableRawBufferPointer.allocate(
          byteCount: bytes.count + 2, alignment: 16)
        let odd = UnsafeMutableRawBufferPointer(rebasing: memory[2...])
        odd.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(odd)
      }
    }

    deinit { for layer in layers { (layer.baseAddress! - 2).deallocate() } }
  }

  @Test func aBatchOverSharedSegmentsEqualsOneRequestAtATime() throws {
    let passages = try [0..<13, 13..<30, 5..<22].map { try fill(tokens[$0]) }
    let subsets = (0..<8).map { bits in
      passages.indices.filter { bits & (1 << $0) != 0 }.map { passages[$0] }
    }
    func request(_ attending: [KVSegment]) -> ForwardRequest {
      ForwardRequest(
        tokens: Array(tokens[30..<39]), segment: model.makeSegment(startPosition: 64),
        attending: attending, outputs: .all)
    }
    let batch = try model.forward(subsets.map(request))
    for (subset, logits) in zip(subsets, batch) {
      #expect(try model.forward([request(subset)])[0] == logits)
    }
    #expect(batch[0] != batch[7], "segments must matter")
  }

  @Test func segmentsHavePositionsOfTheirOwn() throws {
    let here = try fill(tokens[..<9])
    let there = try fill(tokens[..<9], from: 30)
    let question = Array(tokens[40..<44])
    let near = try TestModels.bits(question, in: model, from: 64, attending: [here])
    let far = try TestModels.bits(question, in: model, from: 94, attending: [there])
    let other = try TestModels.bits(question, in: model, from: 64, attending: [there])
    // Only distances matter to rotary positions, up to rounding: near and far are alike.
    let difference = zip(near, far).map { abs(Float(bitPattern: $0) - Float(bitPattern: $1)) }
    #expect(difference.max()! < 0.3)
    #expect(near != other)
  }

  @Test func logProbabilitiesEqualTheLogitsOfTheSameRows() throws {
    let logits = try model.forward([
      ForwardRequest(tokens: tokens, segment: model.makeSegment(), outputs: .all)
    ])[0]
    let targets: [ScoreRequest.Target] = [(3, 17), (3, 200), (0, 1), (47, 299), (20, 5)]
    let scores = try model.logProbabilities([
      ScoreRequest(tokens: tokens, targets: targets, segment: model.makeSegment()),
      ScoreRequest(tokens: [4, 5], targets: [(1, 6)], segment: model.makeSegment()),
    ])
    #expect(scores.map(\.count) == [5, 1])
    for (target, score) in zip(targets, scores[0]) {
      let row = logits[target.row].map(Double.init)
      let largest = row.max()!
      let sum = row.reduce(0) { $0 + Deterministic.exp($1 - largest) }
      let expected =
        Double(logits[target.row].dropFirst(Int(target.token)).first!)
        - largest - Deterministic.log(sum)
      #expect(abs(score - expected) < 2e-6)
    }
    let alone = try model.logProbabilities([
      ScoreRequest(tokens: [4, 5], targets: [(1, 6)], segment: model.makeSegment())
    ])
    #expect(alone[0] == scores[1])
  }

  @Test func impossibleRequestsAreRefusedBeforeAnythingChanges() throws {
    let segment = try fill(tokens[..<10])
    let other = try TestModels.tiny("tiny-odd").makeSegment()
    let long = [Int32](repeating: 1, count: 119)
    let cases: [([ForwardRequest], String)] = [
      ([.init(tokens: long, segment: segment)], "129 positions"),
      ([.init(tokens: [300], segment: segment)], "token 300"),
      ([.init(tokens: [-1], segment: segment)], "token -1"),
      ([.init(tokens: [], segment: segment)], "at least one token"),
      ([.init(tokens: [1], segment: segment, outputs: .rows([1]))], "row 1"),
      ([.init(tokens: [1], segment: other)], "another shape"),
      ([.init(tokens: [1], segment: segment, attending: [segment])], "appends to"),
      (
        [.init(tokens: [1], segment: segment), .init(tokens: [1], segment: segment)],
        "the same segment"
      ),
    ]
    for (requests, message) in cases {
      #expect {
        try model.forward(requests)
      } throws: { "\($0)".contains(message) }
    }
    #expect(segment.count == 10)
  }
}
