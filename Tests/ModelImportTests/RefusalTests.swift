import Foundation
import GGUF
import ModelImport
import Testing

/// What cannot be imported ends in an error that names file, field, what was found and expected.
@Suite struct RefusalTests {
  @Test func anUnknownClassIsRefusedByName() throws {
    let folder = try SampleFolder("qwen2")
    try folder.edit("config.json") { $0["architectures"] = ["MixtralForCausalLM"] }
    let error = folder.failure()
    #expect(error?.field == "architectures")
    #expect(error?.found == "\"MixtralForCausalLM\"")
    #expect(error?.expected.contains("Qwen2ForCausalLM") == true)
    try folder.edit("config.json") { $0["architectures"] = nil }
    #expect(folder.failure()?.found == "none")
  }

  private static let settings: [(String, String, @Sendable (inout [String: Any]) -> Void)] = [
    ("qwen2", "hidden_act", { $0["hidden_act"] = "relu" }),
    ("qwen2", "num_hidden_layers", { $0["num_hidden_layers"] = 0 }),
    ("qwen2", "num_hidden_layers", { $0["num_hidden_layers"] = "two" }),
    ("qwen2", "hidden_size", { $0["hidden_size"] = nil }),
    ("qwen2", "num_key_value_heads", { $0["num_key_value_heads"] = 3 }),
    ("qwen2", "layer 2", { $0["num_hidden_layers"] = 3 }),
    ("qwen2", "layer 1", { $0["num_hidden_layers"] = 1 }),
    ("qwen2", "token_embd.weight", { $0["vocab_size"] = 7 }),
    ("llama3", "rope_parameters.full_attention", { $0["rope_parameters"] = ["full_attention": 1] }),
    ("qwen2", "rope_parameters.rope_type", { $0["rope_parameters"] = ["rope_type": "yarn"] }),
    ("llama3", "rope_parameters.factor", { $0["rope_parameters"] = ["rope_type": "llama3"] }),
    (
      "phi3-long", "rope_parameters.short_factor",
      {
        $0["rope_parameters"] = ["rope_type": "longrope", "short_factor": [1], "long_factor": [1]]
      }
    ),
    ("gemma3", "query_pre_attn_scalar", { $0["query_pre_attn_scalar"] = 99 }),
    ("gemma3", "layer_types[0]", { $0["layer_types"] = ["full_attention"] }),
    ("gemma2", "hidden_activation", { $0["hidden_activation"] = "gelu" }),
    ("llama2", "tensor lm_head.weight", { _ in }),
  ]

  @Test(arguments: settings.indices)
  func settingsThatAFileCannotSayAreRefused(index: Int) throws {
    let (name, field, change) = Self.settings[index]
    let folder = try SampleFolder(name)
    try folder.edit("config.json", change)
    if field == "tensor lm_head.weight" {
      let names = folder.model.shapes.keys.filter { $0 != "lm_head.weight" }
      try folder.write(Array(names), to: "model.safetensors")
      try folder.edit("config.json") { $0["tie_word_embeddings"] = false }
    }
    #expect(folder.failure()?.field == field)
  }

  @Test func tensorsOfAnotherClassAreRefused() throws {
    let folder = try SampleFolder("qwen2")
    try folder.edit("config.json") { $0["architectures"] = ["BertModel"] }
    #expect(folder.failure()?.found == "a name that BertModel lacks")
  }

  @Test func aMissingPartOfALayerIsNamed() throws {
    let folder = try SampleFolder("qwen2")
    let names = folder.model.shapes.keys.filter { !$0.contains("layers.1.mlp.up_proj") }
    try folder.write(Array(names), to: "model.safetensors")
    let error = folder.failure()
    #expect(error?.field == "layer 1")
    #expect(error?.found.contains("ffn_up.weight") == true)
  }

  @Test(arguments: ["../model-1.safetensors", "/etc/passwd", "model-1.bin", "absent.safetensors"])
  func anIndexNamesFilesOfTheFolderAlone(file: String) throws {
    let folder = try SampleFolder("llama3")
    try folder.edit("model.safetensors.index.json") {
      $0["weight_map"] = ["model.norm.weight": file]
    }
    let error = try #require(folder.failure())
    #expect(
      error.field == "weight_map.model.norm.weight" || error.file.hasSuffix("absent.safetensors"))
  }

  @Test func aTensorInTwoFilesIsRefused() throws {
    let folder = try SampleFolder("llama3")
    try folder.write(Array(folder.model.shapes.keys), to: "model-2.safetensors")
    #expect(folder.failure()?.found == "a tensor that another file has")
  }

  @Test func damagedFilesAreNamed() throws {
    let folder = try SampleFolder("qwen2")
    let tensors = try Data(contentsOf: folder.url("model.safetensors"))
    try tensors.dropLast(10).write(to: folder.url("model.safetensors"))
    #expect(folder.failure()?.file.hasSuffix("model.safetensors") == true)
    try tensors.write(to: folder.url("model.safetensors"))
    for (file, bytes) in [
      ("tokenizer.json", "{\"model\": {\"vocab\": {\"a\": -1}}}"), ("tokenizer.json", "{"),
      ("tokenizer.json", String(repeating: "[", count: 100_000)),
      ("config.json", "[1, 2]"), ("config.json", ""),
      ("config.json", String(repeating: "{\"a\":", count: 100_000)),
    ] {
      let whole = try Data(contentsOf: folder.url(file))
      try Data(bytes.utf8).write(to: folder.url(file))
      #expect(folder.failure()?.file.hasSuffix(file) == true, "\(file) \(bytes.prefix(20))")
      try whole.write(to: folder.url(file))
    }
    #expect(folder.failure() == nil)
  }

  @Test func aFolderThatIsNotThereIsAnError() {
    #expect(throws: GGUFError.self) { try ModelImporter(folder: "/nowhere", recipe: nil) }
  }

  @Test func anExistingFileIsKept() throws {
    let folder = try SampleFolder("qwen2")
    try Data([1]).write(to: folder.url("out.gguf"))
    #expect(throws: GGUFError.self) { try folder.imported() }
    #expect(try Data(contentsOf: folder.url("out.gguf")) == Data([1]))
  }
}
