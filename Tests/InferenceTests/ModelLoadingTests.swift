import GGUF
import Kernels
import TestSupport
import Testing

@testable import Inference

/// Files that are damaged or ask for what the engine does not do.
@Suite struct ModelLoadingTests {
  /// A copy of a tiny model with some tensors left out, added or replaced.
  private func file(
    without missing: String? = nil,
    replacing name: String? = nil, shape: [Int] = [], type: TensorType = .f32
  ) throws -> GGUFFile {
    let source = try GGUFFile(path: Fixture.path("tiny-odd.gguf"))
    var writer = GGUFWriter()
    for (key, value) in source.metadata { writer.add(key, value) }
    for tensor in source.tensorOrder where tensor != missing && tensor != name {
      let info = try source.tensor(tensor)
      let bytes = try source.withBytes(of: info) { Array($0) }
      try writer.add(tensor: tensor, shape: info.shape, type: info.type, bytes: bytes)
    }
    if let name {
      let blocks = shape.reduce(1, *) / type.blockLength
      let bytes = [UInt8](repeating: 0, count: blocks * type.blockBytes)
      try writer.add(tensor: name, shape: shape, type: type, bytes: bytes)
    }
    return try GGUFFile(bytes: writer.encoded(), name: "test.gguf")
  }

  private func expectError(_ parts: String..., from file: GGUFFile) {
    #expect {
      try LanguageModel.load(file: file, backend: Backend(threads: 1))
    } throws: { error in
      (parts + ["test.gguf"]).allSatisfy("\(error)".contains)
    }
  }

  @Test func anUnchangedCopyLoadsAndComputesTheSame() throws {
    let copy = try LanguageModel.load(file: file(), backend: Backend(threads: 1))
    #expect(try copy.fingerprint() == TestModels.tiny("tiny-odd").fingerprint())
    #expect(copy.name == "tiny-odd" && copy.chatTemplateName == nil)
  }

  @Test func aMissingTensorIsNamed() throws {
    for name in ["blk.2.ffn_up.weight", "output_norm.weight", "token_embd.weight"] {
      expectError(name, from: try file(without: name))
    }
  }

  @Test func aTensorOfAnotherShapeOrTypeIsNamed() throws {
    let shaped = try file(replacing: "blk.1.attn_k.weight", shape: [40, 24])
    expectError("blk.1.attn_k.weight", "[40, 24]", "[40, 20]", from: shaped)
    let vector = try file(replacing: "output_norm.weight", shape: [39])
    expectError("output_norm.weight", "[39]", "[40]", from: vector)
    let typed = try file(replacing: "blk.0.attn_q.weight", shape: [40, 40], type: .i16)
    expectError("blk.0.attn_q.weight", "I16", "Q8_0", from: typed)
  }

  @Test func aTensorThatWouldBeIgnoredIsRefused() throws {
    let biased = try file(replacing: "blk.0.attn_q.bias", shape: [40])
    expectError("blk.0.attn_q.bias", "does not use", from: biased)
  }

  @Test func ropeFactorsChangeTheRotation() throws {
    let factors = try file(replacing: "rope_freqs.weight", shape: [10])
    // Zero factors would divide by zero; the file is refused, not computed with infinities.
    expectError("rope_freqs.weight", from: factors)
  }

  @Test func anEncoderIsNoLanguageModel() throws {
    let path = SharedData.model("all-minilm-l6-v2-q8_0.gguf")
    guard SharedData.isPresent else { return }
    #expect {
      try TestModels.load(path)
    } throws: { "\($0)".contains("bert") && "\($0)".contains("llama") }
  }

  /// If this fails, a change has altered logits: raise `engineVersion`, because traces of the old
  /// version cannot be replayed by the new one, and record the new values here.
  @Test func theBitsAreThoseOfThisEngineVersion() throws {
    let expected = [
      "tiny-q8_0": "1a0b9e49e76739cc", "tiny-q4_0": "831b70816f008831",
      "tiny-f16": "db50ec0f7e3d24ef", "tiny-bf16": "fed4b7b26bd3ba65",
      "tiny-mixed": "2f639d40abc5384e", "tiny-odd": "5e61a27c19c2df12",
    ]
    #expect(engineVersion == 2)
    for (name, fingerprint) in expected {
      #expect(try TestModels.tiny(name).fingerprint() == fingerprint, "\(name)")
    }
  }
}
