import Foundation
import GGUF
import ModelImport
import Testing

@Suite struct TokenizerImportTests {
  @Test func bytePairsKeepVocabularyMergesAndRoles() throws {
    let file = try SampleFolder("llama3").imported()
    #expect(try file.string("tokenizer.ggml.model") == "gpt2")
    #expect(try file.string("tokenizer.ggml.pre") == "llama-bpe")
    let tokens = try file.strings("tokenizer.ggml.tokens")
    #expect(tokens.count == (try file.tensor("token_embd.weight").rows))
    let first = try file.int("tokenizer.ggml.bos_token_id")
    #expect(tokens[first] == "<|begin|>")
    #expect(try file.ints("tokenizer.ggml.token_type")[first] == 3)
    #expect(try file.bool("tokenizer.ggml.add_bos_token"))
    #expect(try !file.bool("tokenizer.ggml.add_eos_token"))
    #expect(try file.string("tokenizer.chat_template") == "{{ messages }}")
    #expect(
      try file.strings("tokenizer.ggml.merges").allSatisfy { $0.split(separator: " ").count == 2 })
  }

  @Test func rowsWithoutATokenAreFillers() throws {
    let file = try SampleFolder("qwen3").imported()
    let tokens = try file.strings("tokenizer.ggml.tokens")
    #expect(try file.string("tokenizer.ggml.pre") == "qwen2")
    #expect(tokens.last == "[PAD\(tokens.count - 1)]")
    #expect(try file.ints("tokenizer.ggml.token_type").last == 5)
    #expect(try !file.bool("tokenizer.ggml.add_bos_token"))
  }

  @Test func piecesHaveScoresBytesAndRoles() throws {
    let file = try SampleFolder("llama2").imported()
    #expect(try file.string("tokenizer.ggml.model") == "llama")
    #expect(try file.bool("tokenizer.ggml.add_space_prefix"))
    let tokens = try file.strings("tokenizer.ggml.tokens")
    let kinds = try file.ints("tokenizer.ggml.token_type")
    #expect(kinds[try #require(tokens.firstIndex(of: "<0x41>"))] == 6)
    #expect(kinds[try #require(tokens.firstIndex(of: "<s>"))] == 3)
    #expect(kinds[try #require(tokens.firstIndex(of: "<unk>"))] == 2)
    #expect(tokens[try file.int("tokenizer.ggml.eos_token_id")] == "</s>")
    #expect(try SampleFolder("gemma2").imported().bool("tokenizer.ggml.add_space_prefix") == false)
  }

  @Test func wordPiecesMarkBeginningsOfWords() throws {
    let file = try SampleFolder("bert").imported()
    let tokens = try file.strings("tokenizer.ggml.tokens")
    #expect(tokens[2] == "[CLS]")
    #expect(tokens.contains("\u{2581}a"))
    #expect(!tokens.contains { $0.hasPrefix("##") })
    #expect(try file.bool("tokenizer.ggml.normalizer.lowercase"))
    #expect(try file.int("tokenizer.ggml.seperator_token_id") == 3)
    #expect(try file.int("tokenizer.ggml.token_type_count") == 2)
  }

  /// A SentencePiece model with the pieces that the import makes of `tokenizer.json` gives the same.
  @Test func aSentencePieceModelIsReadAsItsOwnPieces() throws {
    let folder = try SampleFolder("llama2")
    let expected = try folder.imported()
    let tokens = try expected.strings("tokenizer.ggml.tokens")
    let kinds = try expected.ints("tokenizer.ggml.token_type")
    let scores = try expected.floats("tokenizer.ggml.scores")
    try FileManager.default.removeItem(at: folder.url("tokenizer.json"))
    let pieces = zip(tokens, zip(scores, kinds)).map {
      SentencePieceBytes.piece($0, score: $1.0, kind: $1.1)
    }
    try Data(SentencePieceBytes.model(pieces)).write(to: folder.url("tokenizer.model"))
    let file = try folder.imported(as: "pieces.gguf")
    #expect(try file.strings("tokenizer.ggml.tokens") == tokens)
    #expect(try file.ints("tokenizer.ggml.token_type") == kinds)
    #expect(try file.floats("tokenizer.ggml.scores") == scores)
  }

  @Test func aDamagedSentencePieceModelIsRefused() throws {
    let folder = try SampleFolder("llama2")
    let pieces = ["<unk>", "a", "b"].map { SentencePieceBytes.piece($0, score: -1, kind: 1) }
    let whole = SentencePieceBytes.model(pieces)
    for length in 1..<whole.count {
      try Data(whole[..<length]).write(to: folder.url("tokenizer.model"))
      // A cut between two fields leaves fewer pieces, or no training settings, which say its kind.
      #expect(folder.failure()?.file.hasSuffix("tokenizer.model") == true, "\(length)")
    }
    try Data(SentencePieceBytes.model(pieces, type: 1)).write(to: folder.url("tokenizer.model"))
    #expect(folder.failure()?.field == "trainer_spec.model_type")
  }

  @Test func anUnknownWayToSplitIsRefused() throws {
    let folder = try SampleFolder("llama3")
    try folder.edit("tokenizer.json") {
      $0["pre_tokenizer"] = ["type": "Split", "pattern": ["Regex": "x+"], "behavior": "Isolated"]
    }
    let error = folder.failure()
    #expect(error?.field == "pre_tokenizer")
    #expect(error?.found.contains("x+") == true)
    #expect(error?.expected.contains("llama-bpe") == true)
    try folder.edit("tokenizer.json") { $0["pre_tokenizer"] = nil }
    #expect(folder.failure()?.found == "none")
  }

  @Test func unknownStepsAndModelsAreRefused() throws {
    let folder = try SampleFolder("qwen2")
    try folder.edit("tokenizer.json") { $0["normalizer"] = ["type": "NFKC"] }
    #expect(folder.failure()?.found == "\"NFKC\"")
    try folder.edit("tokenizer.json") {
      $0["normalizer"] = nil
      $0["model"] = ["type": "Unigram", "vocab": [["a", -1.5]]]
    }
    #expect(folder.failure()?.field == "model.type")
    try FileManager.default.removeItem(at: folder.url("tokenizer.json"))
    #expect(folder.failure()?.field == "tokenizer")
  }

  @Test func specialTokensMustBeInTheVocabulary() throws {
    let folder = try SampleFolder("qwen2")
    try folder.edit("tokenizer_config.json") { $0["eos_token"] = "<|nowhere|>" }
    #expect(folder.failure()?.field == "eos_token")
  }

  /// Texts that only differ in normalisation are tokens of their own.
  @Test func equivalentTokensStayApart() throws {
    let folder = try SampleFolder("llama2")
    let text = try String(contentsOf: folder.url("tokenizer.json"), encoding: .utf8)
    let first = try #require(text.range(of: "\"<0x41>\":"))
    let second = try #require(text.range(of: "\"<0x42>\":"))
    var changed = text
    changed.replaceSubrange(second, with: "\"e\u{301}\":")
    changed.replaceSubrange(first, with: "\"\u{E9}\":")
    try Data(changed.utf8).write(to: folder.url("tokenizer.json"))
    let tokens = try folder.imported().strings("tokenizer.ggml.tokens")
    #expect(tokens.contains { $0.unicodeScalars.elementsEqual("\u{E9}".unicodeScalars) })
    #expect(tokens.contains { $0.unicodeScalars.elementsEqual("e\u{301}".unicodeScalars) })
  }
}

/// The wire format of the few fields that the import reads.
private enum SentencePieceBytes {
  static func piece(_ text: String, score: Float, kind: Int) -> [UInt8] {
    [0x0A] + length(text.utf8.count) + Array(text.utf8) + [0x15]
      + withUnsafeBytes(of: score.bitPattern.littleEndian) { Array($0) } + [0x18, UInt8(kind)]
  }

  static func model(_ pieces: [[UInt8]], type: UInt8 = 2) -> [UInt8] {
    pieces.flatMap { [0x0A] + length($0.count) + $0 } + [0x12, 2, 0x18, type]
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 128 ? [UInt8(count)] : [UInt8(count & 127 | 128), UInt8(count >> 7)]
  }
}
