import Foundation
import GGUF
import TestSupport
import Testing

@Suite struct ModelQuantizerTests {
  struct Model: Decodable, Sendable {
    let architecture: String
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    let width: Int
    /// Names, separated by spaces, in the order of `types`.
    let matrices: String
    /// For each recipe one letter per matrix.
    let types: [String: String]
  }

  struct Golden: Decodable, Sendable {
    let letters: [String: String]
    let models: [Model]
  }

  static let golden: Golden = {
    let data = try! Data(contentsOf: fixtures.appending(path: "recipes.json"))
    return try! JSONDecoder().decode(Golden.self, from: data)
  }()

  @Test(arguments: golden.models.indices)
  func everyRecipeChoosesTheTypesOfLlamaCpp(index: Int) throws {
    let model = Self.golden.models[index]
    let file = try GGUFFile(bytes: sample(model), name: "model")
    #expect(Set(model.types.keys) == Set(QuantizationRecipe.all.map(\.name)))
    for (name, letters) in model.types {
      let recipe = try #require(QuantizationRecipe(named: name))
      let quantizer = try ModelQuantizer(file: file, recipe: recipe)
      let chosen = Dictionary(uniqueKeysWithValues: quantizer.choices.map { ($0.name, $0.to.name) })
      for (matrix, letter) in zip(model.matrices.split(separator: " "), letters) {
        let expected = Self.golden.letters[String(letter)]
        #expect(chosen[String(matrix)] == expected, "\(name): \(matrix)")
      }
      #expect(chosen["output_norm.weight"] == "F32")
    }
  }

  @Test(arguments: ["Q8_0", "Q4_K_M", "Q2_K", "F16", "IQ4_NL"])
  func aWrittenModelHoldsWhatTheQuantizerMakesOfEachTensor(name: String) throws {
    let recipe = try #require(QuantizationRecipe(named: name))
    let source = try GGUFFile(bytes: sample(Self.golden.models[0]), name: "model")
    let written = try quantise(source, recipe)
    #expect(try written.int("general.file_type") == Int(recipe.fileType))
    #expect(try written.int("general.quantization_version") == 2)
    #expect(try written.strings("words") == ["a", "b"])
    #expect(written.tensorOrder == source.tensorOrder)
    for name in source.tensorOrder {
      let (before, after) = (try source.tensor(name), try written.tensor(name))
      #expect(before.shape == after.shape)
      let expected =
        before.type == after.type
        ? try bytes(source, name)
        : try Quantizer.quantize(floats(source, name), to: after.type)
      #expect(try bytes(written, name) == expected, "\(name)")
    }
  }

  @Test func threadsDoNotChangeTheBytes() throws {
    let recipe = try #require(QuantizationRecipe(named: "Q4_K_M"))
    let source = try GGUFFile(bytes: sample(Self.golden.models[1]), name: "model")
    let one = try quantise(source, recipe, threads: 1)
    let many = try quantise(source, recipe, threads: 5)
    for name in one.tensorOrder { #expect(try bytes(one, name) == bytes(many, name)) }
  }

  @Test func requantisingAndShortRowsAreReported() throws {
    let recipe = try #require(QuantizationRecipe(named: "Q4_K_S"))
    let short = try GGUFFile(bytes: sample(Self.golden.models[2]), name: "model")
    let quantizer = try ModelQuantizer(file: short, recipe: recipe)
    #expect(quantizer.requantised.isEmpty)
    let fallback = try #require(quantizer.fallbacks.first { $0.name == "blk.5.attn_q.weight" })
    #expect(fallback.instead == .q4_K)
    #expect(fallback.to == .q5_0)
    let eight = try quantise(short, try #require(QuantizationRecipe(named: "Q8_0")))
    let again = try ModelQuantizer(file: eight, recipe: recipe)
    #expect(again.requantised.contains { $0.name == "blk.5.attn_q.weight" && $0.from == .q8_0 })
  }

  @Test func anExistingFileIsKeptUnlessReplacing() throws {
    let recipe = try #require(QuantizationRecipe(named: "Q8_0"))
    let source = try GGUFFile(bytes: sample(Self.golden.models[6]), name: "model")
    let path = temporaryPath("kept.gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data([1, 2, 3]).write(to: URL(filePath: path))
    let quantizer = try ModelQuantizer(file: source, recipe: recipe)
    let error = #expect(throws: GGUFError.self) {
      try quantizer.write(to: path, replacing: false, threads: 1)
    }
    #expect(error?.found == "a file of that name")
    #expect(try Data(contentsOf: URL(filePath: path)) == Data([1, 2, 3]))
    try quantizer.write(to: path, replacing: true, threads: 1)
    #expect(try GGUFFile(path: path).tensors.count == source.tensors.count)
    #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
  }

  @Test func numbersThatAreNotFiniteNameTensorAndRow() throws {
    for (value, type, found) in [
      (Float.nan, "Q4_K_S", "nan"), (.infinity, "F16", "inf"), (1e6, "F16", "1000000.0"),
      (-.infinity, "F32", "-inf"), (3e38, "Q8_0", "numbers so large"),
    ] {
      var writer = GGUFWriter()
      writer.add("general.architecture", .string("llama"))
      var values = [Float](repeating: 0.5, count: 256 * 4)
      values[256 * 2 + 7] = value
      try writer.add(
        tensor: "blk.0.attn_q.weight", shape: [256, 4], type: .f32,
        bytes: Quantizer.quantize(values, to: .f32))
      let file = try GGUFFile(bytes: writer.encoded(), name: "odd.gguf")
      let path = temporaryPath("odd.gguf")
      let recipe = try #require(QuantizationRecipe(named: type))
      let error = #expect(throws: GGUFError.self) {
        try ModelQuantizer(file: file, recipe: recipe)
          .write(to: path, replacing: false, threads: 2)
      }
      #expect(error?.file == "odd.gguf")
      #expect(error?.field == "tensor blk.0.attn_q.weight, row 2")
      #expect(error?.found.hasPrefix(found) == true)
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
    }
  }

  @Test func partsAndExpertsAreRefused() throws {
    let recipe = try #require(QuantizationRecipe(named: "Q8_0"))
    for key in ["split.count", "llama.expert_count"] {
      var writer = GGUFWriter()
      writer.add("general.architecture", .string("llama"))
      writer.add(key, .uint32(4))
      let file = try GGUFFile(bytes: writer.encoded(), name: "model")
      let error = #expect(throws: GGUFError.self) {
        try ModelQuantizer(file: file, recipe: recipe)
      }
      #expect(error?.field == key)
    }
  }

  @Test func recipesAreFoundByName() {
    #expect(QuantizationRecipe(named: "q4_k")?.name == "Q4_K_M")
    #expect(QuantizationRecipe(named: "q4_0")?.base == .q4_0)
    #expect(QuantizationRecipe(named: "Q9_0") == nil)
  }

  // MARK: - Files

  /// A model with the names and row lengths of `model`, two rows in each matrix.
  private func sample(_ model: Model) throws -> [UInt8] {
    var writer = GGUFWriter()
    writer.add("general.architecture", .string(model.architecture))
    writer.add("general.file_type", .uint32(0))
    writer.add("words", .array(.init(strings: ["a", "b"])))
    writer.add("\(model.architecture).block_count", .uint32(UInt32(model.layers)))
    writer.add("\(model.architecture).attention.head_count", .uint32(UInt32(model.heads)))
    writer.add(
      "\(model.architecture).attention.head_count_kv", .uint32(UInt32(model.keyValueHeads)))
    var random = SeededGenerator(seed: 3)
    func add(_ name: String, _ shape: [Int], _ type: TensorType) throws {
      let values = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &random) }
      try writer.add(
        tensor: name, shape: shape, type: type, bytes: Quantizer.quantize(values, to: type))
    }
    try add("output_norm.weight", [model.width], .f32)
    for name in model.matrices.split(separator: " ") {
      try add(String(name), [model.width, 2], .f16)
    }
    return writer.encoded()
  }

  private func quantise(
    _ source: GGUFFile, _ recipe: QuantizationRecipe, threads: Int = 2
  ) throws -> GGUFFile {
    let path = temporaryPath("quantised.gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let quantizer = try ModelQuantizer(file: source, recipe: recipe)
    try quantizer.write(to: path, replacing: false, threads: threads)
    return try GGUFFile(bytes: [UInt8](Data(contentsOf: URL(filePath: path))), name: "quantised")
  }

  private func bytes(_ file: GGUFFile, _ name: String) throws -> [UInt8] {
    try file.withBytes(of: file.tensor(name)) { Array($0) }
  }

  private func floats(_ file: GGUFFile, _ name: String) throws -> [Float] {
    let info = try file.tensor(name)
    return try file.withBytes(of: info) {
      try Quantizer.dequantize($0, type: info.type, count: info.elementCount)
    }
  }
}
