import Foundation
import GGUF
import TestSupport
import Testing
import Tokenizers

/// The vocabularies and strings that llama.cpp tests its own tokenizers with.
///
/// They belong to others and are not in the repository: Scripts/fetch-vocabularies gets them.
@Suite struct ShippedVocabularyTests {
  private static let folder =
    ProcessInfo.processInfo.environment["TRIBUTARY_VOCABULARIES"].map { URL(filePath: $0) }
    ?? PackageFolder.root.appending(path: ".build/vocabularies")

  private static let names = [
    "aquila", "baichuan", "bert-bge", "command-r", "deepseek-coder", "deepseek-llm", "falcon",
    "gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "llama-spm", "mpt", "nomic-bert-moe", "phi-3",
    "qwen2", "qwen35", "refact", "starcoder",
  ]

  private func vocabulary(_ name: String) -> URL? {
    let url = Self.folder.appending(path: "ggml-vocab-\(name).gguf")
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("skipped: \(name) needs Scripts/fetch-vocabularies")
      return nil
    }
    return url
  }

  @Test(arguments: names) func tokensEqualThoseThatShip(name: String) throws {
    guard let url = vocabulary(name) else { return }
    let tokenizer = try TokenizerLoader.load(from: GGUFFile(path: url.path))
    guard let questions = try? Data(contentsOf: URL(filePath: url.path + ".inp")) else {
      // Some come without strings; that they load is what there is to test.
      #expect(tokenizer.encode("Hello", addSpecial: false, parseSpecial: false).count > 0)
      return
    }
    let separator = "\n__ggml_vocab_test__\n"
    let texts = String(decoding: questions, as: UTF8.self).components(separatedBy: separator)
    let answers = try String(contentsOf: URL(filePath: url.path + ".out"), encoding: .utf8)
      .components(separatedBy: "\n").prefix(texts.count)
    #expect(texts.count > 40 && answers.count == texts.count)
    for (text, answer) in zip(texts, answers) {
      #expect(
        tokenizer.encode(text, addSpecial: false, parseSpecial: false)
          == answer.split(separator: " ").compactMap { Int32($0) },
        "\(text.debugDescription)")
    }
  }
}
