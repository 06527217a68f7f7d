import Foundation
import GGUF
import Inference
import Kernels
import ModelImport
import Testing
import Tokenizers

/// Imported models compute what transformers computes for their folders.
@Suite struct GoldenTests {
  static let decoders = Goldens.all.models.keys.filter { $0 != "bert" }.sorted()

  @Test(arguments: decoders)
  func decodersGiveTheLogitsOfTransformers(name: String) throws {
    let folder = try SampleFolder(name)
    let file = try folder.imported("F32")
    let model = try LanguageModel.load(path: file.path, backend: Backend(threads: 1))
    let logits = try model.forward([
      ForwardRequest(tokens: folder.model.ids, segment: model.makeSegment(), outputs: .all)
    ])[0]
    #expect(logits.rows == folder.model.ids.count)
    let step = logits.vocabulary / Goldens.all.columns
    var (error, size): (Float, Float) = (0, 0)
    for (row, expected) in folder.model.values.enumerated() {
      for (column, value) in expected.enumerated() {
        let found = logits[row][logits[row].startIndex + column * step]
        error += (found - value) * (found - value)
        size += value * value
      }
    }
    // Keys and values are kept as float16; a wrong rotation or norm is off by more than a tenth.
    #expect((error / size).squareRoot() < 5e-3)
  }

  @Test(arguments: Goldens.all.models.keys.sorted())
  func textsBecomeTheIdsOfTheFoldersTokenizer(name: String) throws {
    let folder = try SampleFolder(name)
    let tokenizer = try TokenizerLoader.load(from: folder.imported())
    let ids = tokenizer.encode(Goldens.all.text, addSpecial: true, parseSpecial: false)
    #expect(ids == folder.model.ids)
  }

  @Test func encodersGiveTheVectorOfTransformers() throws {
    let folder = try SampleFolder("bert")
    try FileManager.default.createDirectory(
      at: folder.url("1_Pooling"), withIntermediateDirectories: true)
    try Data(#"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#.utf8)
      .write(to: folder.url("1_Pooling/config.json"))
    let file = try folder.imported()
    #expect(try file.int("bert.pooling_type") == 1)
    let model = try EmbeddingModel.load(path: file.path, backend: Backend(threads: 1))
    let vector = try model.embed([Goldens.all.text])[0]
    for (found, value) in zip(vector, folder.model.values[0]) { #expect(abs(found - value) < 1e-3) }
  }
}
