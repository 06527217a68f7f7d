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

  @Test(arguments: ["llama", "qwen2", "qwen3", "phi3", "gemma2", "gemma3"])
  func aScalingTypeThatIsNotComputedIsRefusedByName(architecture: String) throws {
    let yarn = ["rope.scaling.type": MetadataValue.string("yarn")]
    expectError(
      "\(architecture).rope.scaling.type: found yarn",
      try file(architecture: architecture, changing: yarn))
  }

  @Test func windowsRepeatByPeriodOrAreListed() throws {
    func window(_ changes: [String: MetadataValue]) throws -> DecoderFeatures.Window? {
      try Configuration(file(architecture: "gemma3", changing: changes)).decoder?.window
    }
    let size = ["attention.sliding_window": MetadataValue.uint32(9), "block_count": .uint32(7)]
    #expect(try window([:]) == nil)
    #expect(try window(["attention.sliding_window": .uint32(0)]) == nil)
    let local = try #require(try window(size))
    #expect(local.length == 9 && local.isLocal == [true, true, true, true, true, false, true])
    let period = ["attention.sliding_window_pattern": MetadataValue.uint32(2)]
    #expect(
      try window(size.merging(period) { $1 })?.isLocal == (0..<7).map { $0 % 2 == 0 })
    let everywhere = try Configuration(file(changing: ["attention.sliding_window": .uint32(9)]))
    #expect(everywhere.decoder?.window?.isLocal == [true, true])
    expectError(
      "gemma3.attention.sliding_window_pattern",
      try file(
        architecture: "gemma3",
        changing: [
          "attention.sliding_window": .uint32(9), "attention.sliding_window_pattern": .uint32(0),
        ]))
  }

  @Test func gemmasLayersWithAWindowHaveARotationOfTheirOwn() throws {
    let c = try Configuration(
      file(
        architecture: "gemma3",
        changing: [
          "attention.sliding_window": .uint32(9), "rope.freq_base": .float32(1e6),
          "rope.scaling.type": .string("linear"), "rope.scaling.factor": .float32(8),
        ]))
    let features = try #require(c.decoder)
    #expect(features.rope.frequencyBase == 1e6 && features.rope.positionScale == 8)
    #expect(features.localRope?.frequencyBase == 10_000 && features.localRope?.positionScale == 1)
    #expect(features.embeddingScale == Float(48).squareRoot())
    let second = try Configuration(file(architecture: "gemma2")).decoder
    #expect(second?.attentionSoftCap == 50 && second?.finalSoftCap == 30)
    #expect(second?.window?.length == 4096 && second?.localRope == nil)
  }

  @Test func thePoolingOfAnEncoderIsReadOrRefused() throws {
    func encoder(_ pooling: UInt32?) throws -> GGUFFile {
      var changes: [String: MetadataValue] = [
        "attention.layer_norm_epsilon": .float32(1e-12), "attention.head_count_kv": .uint32(6),
      ]
      changes["pooling_type"] = pooling.map { .uint32($0) }
      return try file(architecture: "bert", changing: changes)
    }
    #expect(try Configuration(encoder(nil)).encoder?.pooling == .mean)
    #expect(try Configuration(encoder(2)).encoder?.pooling == .first)
    #expect(try Configuration(encoder(4)).encoder?.pooling == .rank)
    expectError("bert.pooling_type", try encoder(3))
  }
}
