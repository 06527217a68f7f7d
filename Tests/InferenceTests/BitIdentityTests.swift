import Kernels
import TestSupport
import Testing

@testable import Inference

/// A logit is a pure function of file, tokens and context structure: the same bits every way.
@Suite struct BitIdentityTests {
  @Test(arguments: TestModels.tiny)
  func everyInstructionSetThreadCountAndBatchSizeGivesTheSameBits(name: String) throws {
    let reference = try TestModels.tiny(name)
    let tokens = TestModels.tokens(64, for: reference)
    let expected = try TestModels.bits(tokens, in: reference)
    for isa in TestModels.sets {
      for threads in [1, 2] {
        let model = try TestModels.tiny(name, isa: isa, threads: threads)
        let sizes = isa == .portable ? [1, 5, 16, 33, 64] : Array(1...64)
        for size in sizes {
          let bits = try TestModels.bits(tokens, in: model, parts: size)
          #expect(bits == expected, "\(isa), \(threads) threads, parts of \(size)")
        }
      }
    }
  }

  @Test(
    .enabled(if: SharedData.isPresent, SharedData.missing),
    arguments: [
      "stories260K.gguf", "reader-independent-q8_0.gguf", "reader-independent-f16.gguf",
      "reader-q8_0.gguf",
    ])
  func realModelsGiveTheSameBits(name: String) throws {
    let reference = try TestModels.load(SharedData.model(name))
    let tokens = TestModels.tokens(64, for: reference)
    let expected = try TestModels.bits(tokens, in: reference)
    for size in 1...64 {
      #expect(try TestModels.bits(tokens, in: reference, parts: size) == expected)
    }
    for isa in TestModels.sets {
      for threads in [1, 2] {
        let model = try TestModels.load(SharedData.model(name), isa: isa, threads: threads)
        for size in isa == .portable ? [16] : [1, 7, 64] {
          let bits = try TestModels.bits(
            Array(tokens.prefix(isa == .portable ? 16 : 64)), in: model, parts: size)
          #expect(
            bits == Array(expected.prefix(bits.count)),
            "\(isa), \(threads) threads, parts of \(size)")
        }
      }
    }
  }

  @Test(arguments: TestModels.tiny)
  func aPromptLongerThanAChunkGivesTheSameBits(name: String) throws {
    // Fixtures have 128 positions, so the chunk is reached by several requests in one batch.
    let model = try TestModels.tiny(name)
    let texts = (0..<7).map { n in TestModels.tokens(100, for: model).map { ($0 + n) % 300 } }
    let batch = try model.forward(
      texts.map { ForwardRequest(tokens: $0, segment: model.makeSegment(), outputs: .all) })
    for (text, logits) in zip(texts, batch) {
      #expect(logits.values.map(\.bitPattern) == (try TestModels.bits(text, in: model)))
    }
    // Enough rows that several threads compute parts of their own.
    for (isa, threads) in zip(TestModels.sets.reversed(), [2, 3, 4, 2]) {
      let model = try TestModels.tiny(name, isa: isa, threads: threads)
      let shared = try model.forward(
        texts.map { ForwardRequest(tokens: $0, segment: model.makeSegment(), outputs: .all) })
      #expect(shared == batch, "\(isa), \(threads) threads")
    }
  }
}
