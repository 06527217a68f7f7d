import Foundation
import GGUF
import Testing
import Tokenizers

@Suite struct DamageTests {
  /// A vocabulary with flipped bits is refused or works, with whatever tokens.
  @Test(arguments: [
    "sentencepiece", "byte-level-llama", "byte-level-gpt2", "characters", "unigram", "wordpiece",
  ])
  func damagedVocabulariesNeverTrap(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: fixtures.appending(path: "\(name).gguf")))
    var random = SeededGenerator(state: 5)
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
}
