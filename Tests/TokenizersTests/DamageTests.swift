import Foundation
import GGUF
import TestSupport
import Testing
import Tokenizers

@Suite struct DamageTests {
  /// A vocabulary with flipped bits is refused or works, with whatever tokens.
  @Test(arguments: [
    "sentencepiece", "byte-level-llama", "byte-level-gpt2", "characters", "unigram", "wordpiece",
  ])
  func damagedVocabulariesNeverTrap(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: fixtures.appending(path: "\(name).gguf")))
    var random = SeededGenerator(seed: 5)
    var loaded = 0
    for _ in 0..<60 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      guard let file = try? GGUFFile(bytes: damaged, name: "damaged"),
        let tokenizer = try? TokenizerLoader.load(from: file)
      else { continue }
      loaded += 1
      let text = random.text() + "<s> there and the <|eot_id|>"
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
      #expect(tokens.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
      _ = tokenizer.decode(tokens)
    }
    #expect(loaded > 0)
  }

  /// A special token can end within a character, and begin in one.
  @Test(arguments: [
    "sentencepiece", "byte-level-llama", "byte-level-gpt2", "characters", "unigram", "wordpiece",
  ])
  func charactersThatAreCutApartDoNotTrap(name: String) throws {
    let parts: [[UInt8]] = [[0xE7], [0xE7, 0x81], [0x81, 0xAB], [0xAB], [0xF0, 0x9F], [0x80]]
    for part in parts {
      for token in [Array("Q#".utf8) + part, part + Array("#Q".utf8)] {
        let tokenizer = try TokenizerLoader.load(from: file(name, adding: token))
        for text in ["Q#火", "火#Q", "a火Q#火#Q火", "Q#😀#Q", "😀#Q", "Q#火 火#Q x", "火", "Q#"] {
          let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
          #expect(tokens.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
        }
      }
    }
  }

  /// A vocabulary with one more user-defined token, whose bytes need not be UTF-8.
  private func file(_ name: String, adding token: [UInt8]) throws -> GGUFFile {
    let file = try Vocabularies.fixture(name)
    let place = String(repeating: "\u{1}", count: token.count)
    let kinds = try file.ints("tokenizer.ggml.token_type").map { Int32($0) } + [4]
    var metadata = file.metadata
    metadata["tokenizer.ggml.tokens"] = .array(
      .init(strings: try file.strings("tokenizer.ggml.tokens") + [place]))
    metadata["tokenizer.ggml.token_type"] = .array(.init(integers: kinds))
    if metadata["tokenizer.ggml.scores"] != nil {
      let scores = try file.floats("tokenizer.ggml.scores")
      metadata["tokenizer.ggml.scores"] = .array(.init(floats: scores + [-1]))
    }
    var writer = GGUFWriter()
    for (key, value) in metadata { writer.add(key, value) }
    var bytes = writer.encoded()
    let range = try #require(Data(bytes).range(of: Data(place.utf8)))
    bytes.replaceSubrange(range, with: token)
    return try GGUFFile(bytes: bytes, name: name)
  }
}
