import GGUF
import Testing

@testable import Inference

@Suite struct ConfigurationTests {
  /// A file with the metadata of a small decoder and an embedding, changed as a test needs it.
  private func file(
    architecture: String = "llama", changing changes: [String: MetadataValue] = [:],
    without missing: String? = nil
  ) throws -> GGUFFile {
    var values: [String: MetadataValue] = [
      "context_length": .uint32(64), "embedding_length": .uint32(48), "block_count": .uint32(2),
      "feed_forward_length": .uint32(80), "attention.head_count": .uint32(6),
      "attention.head_count_kv": .uint32(2), "attention.layer_norm_rms_epsilon": .float32(1e-5),
    ]
    for (key, value) in changes { values[key] = value }
    var writer = GGUFWriter()
    writer.add("general.architecture", .string(architecture))
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      if key != missing { writer.add("\(architecture).\(key)", value) }
    }
    let bytes = try Quantizer.quantize([Float](repeating: 0, count: 48 * 10), to: .f32)
    try writer.add(tensor: "token_embd.weight", shape: [48, 10], type: .f32, bytes: bytes)
    return try GGUFFile(bytes: writer.encoded(), name: "test.gguf")
  }

  private func expectError(_ part: String, _ file: GGUFFile) {
    #expect {
      try Configuration(file)
    } throws: { error in
      "\(error)".contains(part) && "\(error)".contains("test.gguf")
    }
  }

  @Test func theShapeIsReadAndDefaultsApply() throws {
    let c = try Configuration(file())
    #expect(c.headDimension == 8 && c.keyValueWidth == 16 && c.queryWidth == 48)
    #expect(c.vocabulary == 10 && c.name == "llama")
    #expect(c.decoder?.rope == Rope(frequencyBase: 10_000, rotated: 8, isInterleaved: true))
    #expect(c.decoder?.window == nil && c.decoder?.embeddingScale == 1)
  }

  @Test func headSizeMayDifferFromWidthByHeads() throws {
    let c = try Configuration(
      file(changing: [
        "attention.key_length": .uint32(20), "attention.value_length": .uint32(20),
        "rope.dimension_count": .uint32(10), "rope.freq_base": .float32(500_000),
      ]))
    #expect(c.headDimension == 20 && c.queryWidth == 120)
    #expect(c.decoder?.rope.rotated == 10 && c.decoder?.rope.frequencyBase == 500_000)
  }

  @Test func anUnknownArchitectureIsRefusedByName() throws {
    expectError("\"mamba\", expected one of llama, qwen2", try file(architecture: "mamba"))
  }

  @Test(arguments: [
    "context_length", "embedding_length", "block_count", "feed_forward_length",
    "attention.head_count", "attention.layer_norm_rms_epsilon",
  ])
  func aMissingFieldIsNamed(field: String) throws {
    expectError("llama.\(field)", try file(without: field))
  }

  @Test func impossibleFieldsAreNamed() throws {
    let cases: [(String, MetadataValue)] = [
      ("block_count", .uint32(0)), ("embedding_length", .int32(-1)),
      ("attention.head_count", .uint32(5)), ("attention.head_count_kv", .uint32(4)),
      ("attention.head_count_kv", .uint32(12)), ("rope.dimension_count", .uint32(7)),
      ("rope.dimension_count", .uint32(10)), ("rope.freq_base", .float32(-1)),
      ("rope.scaling.type", .string("yarn")), ("vocab_size", .uint32(11)),
      ("expert_count", .uint32(8)), ("block_count", .uint64(.max)),
      ("attention.layer_norm_rms_epsilon", .float32(.nan)), ("context_length", .string("long")),
    ]
    for (field, value) in cases {
      expectError("llama.\(field)", try file(changing: [field: value]))
    }
  }
}
