import Foundation
import GGUF
import Kernels
import Testing

@testable import Inference

/// Low-rank adapters: llama.cpp's logits, and the engine's promises about bits.
@Suite struct AdapterTests {
  private struct Golden: Decodable {
    let tokens: [Int32]
    let llamaCpp: Data
    /// A float64 evaluation of the definition.
    let reference: Data
  }

  private static let base = Fixture.path("family-llama3.gguf")
  private static let path = Fixture.path("adapter-llama3.gguf")

  private func bits(
    _ model: LanguageModel, _ tokens: [Int32], _ adapters: [LoRAAdapter], part: Int = .max
  ) throws -> [UInt32] {
    let segment = model.makeSegment()
    var result: [UInt32] = []
    var rest = tokens[...]
    while !rest.isEmpty {
      let request = ForwardRequest(
        tokens: Array(rest.prefix(part)), segment: segment, outputs: .all, adapters: adapters)
      result += try model.forward([request])[0].values.map(\.bitPattern)
      rest = rest.dropFirst(part)
    }
    return result
  }

  @Test func `logits are those of llama cpp and of the definition`() throws {
    let golden = try Fixture.decode(Golden.self, path: Fixture.path("adapter-golden.json"))
    let model = try TestModels.load(Self.base)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    let logits = try model.forward([
      ForwardRequest(
        tokens: golden.tokens, segment: model.makeSegment(), outputs: .all, adapters: [adapter])
    ])[0]
    for (data, bound) in [
      (golden.llamaCpp, FamilyGoldenTests.peerBound),
      (golden.reference, FamilyGoldenTests.exactBound),
    ] {
      let expected = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      try #require(expected.count == logits.values.count)
      for row in 0..<logits.rows {
        let wanted = expected[row * logits.vocabulary..<(row + 1) * logits.vocabulary]
        #expect(rootMeanSquare(logits[row], wanted) < bound, "row \(row)")
      }
    }
  }

  @Test(arguments: TestModels.sets)
  func `bits depend on nothing but model, adapters and tokens`(isa: ISA) throws {
    let tokens = (0..<40).map { Int32(($0 * 29 + 3) % 64) }
    let model = try TestModels.load(Self.base)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    let expected = try bits(model, tokens, [adapter])
    #expect(try bits(model, tokens, []) != expected)
    for (threads, part) in [(1, 7), (2, 13), (2, .max)] {
      let other = try TestModels.load(Self.base, isa: isa, threads: threads)
      let same = try LoRAAdapter.load(path: Self.path, model: other)
      #expect(try bits(other, tokens, [same], part: part) == expected)
    }
  }

  /// Threads that are at different matrices of a chunk use the same memory for what adapters add.
  @Test func `long texts on two threads have the bits of one thread, every time`() throws {
    let tokens = (0..<256).map { Int32(($0 * 29 + 3) % 64) }
    let alone = try TestModels.load(Self.base)
    let expected = try bits(alone, tokens, [LoRAAdapter.load(path: Self.path, model: alone)])
    let model = try TestModels.load(Self.base, threads: 2)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    for round in 0..<60 { #expect(try bits(model, tokens, [adapter]) == expected, "\(round)") }
  }

  @Test func `rows of one batch may see different adapters`() throws {
    let model = try TestModels.load(Self.base, threads: 2)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    let tokens = (0..<90).map { Int32(($0 * 31 + 1) % 64) }
    let lists = [[], [adapter], [], [adapter, adapter]]
    let alone = try lists.map { try bits(model, tokens, $0) }
    #expect(Set(alone).count == 3)
    let requests = lists.map {
      ForwardRequest(
        tokens: tokens, segment: model.makeSegment(), outputs: .rows([89, 4, 40]), adapters: $0)
    }
    for (logits, expected) in zip(try model.forward(requests), alone) {
      for (place, row) in [89, 4, 40].enumerated() {
        #expect(logits[place].map(\.bitPattern) == Array(expected[row * 64..<(row + 1) * 64]))
      }
    }
    #expect(!requests[1].segment.isSelfContained && requests[0].segment.isSelfContained)
  }

  @Test func `scores see the adapters`() throws {
    let model = try TestModels.load(Self.base)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    let tokens: [Int32] = [4, 8, 15, 16, 23, 42]
    let lists = [[], [adapter], [adapter]]
    let scores = try model.logProbabilities(
      of: lists.map {
        ScoredSequence(context: [4, 8, 15], continuation: [16, 23, 42], adapters: $0)
      })
    #expect(scores[1] == scores[2] && scores[0] != scores[1])
    for (list, score) in zip(lists, scores) {
      let request = ForwardRequest(
        tokens: tokens, segment: model.makeSegment(), outputs: .all, adapters: list)
      let logits = try model.forward([request])[0]
      for index in 0..<3 {
        let values = Array(logits[index + 2])
        let normaliser = model.backend.logSumExp(values, count: values.count)
        #expect(score[index] == Double(values[Int(tokens[index + 3])]) - normaliser)
      }
    }
  }

  @Test func `what does not fit is refused by name`() throws {
    let model = try TestModels.load(Self.base)
    func expectError(_ parts: [String], _ change: (inout GGUFCopy) -> Void) throws {
      var copy = try GGUFCopy(path: Self.path)
      change(&copy)
      let file = try copy.reopened()
      #expect {
        _ = try LoRAAdapter.load(file: file, model: model)
      } throws: { error in
        parts.allSatisfy { "\(error)".contains($0) }
      }
    }
    try expectError(["general.architecture", "qwen2", "llama"]) {
      $0.metadata["general.architecture"] = .string("qwen2")
    }
    try expectError(["adapter.type", "control_vector"]) {
      $0.metadata["adapter.type"] = .string("control_vector")
    }
    try expectError(["adapter.lora.alpha"]) { $0.metadata["adapter.lora.alpha"] = nil }
    try expectError(["blk.1.ffn_down.weight.lora_b"]) {
      $0.rename("blk.1.ffn_down.weight.lora_b", to: nil)
    }
    try expectError(["blk.9.attn_q.weight.lora_a", "does not use"]) {
      $0.rename("blk.0.attn_q.weight.lora_a", to: "blk.9.attn_q.weight.lora_a")
      $0.rename("blk.0.attn_q.weight.lora_b", to: nil)
    }
    let other = try TestModels.load(Self.base)
    let adapter = try LoRAAdapter.load(path: Self.path, model: model)
    #expect(throws: InferenceError.self) { _ = try bits(other, [1], [adapter]) }
    #expect(throws: InferenceError.self) { _ = try bits(model, [1], [adapter, adapter, adapter]) }
  }
}
