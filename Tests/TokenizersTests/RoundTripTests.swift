import GGUF
import TestSupport
import Testing
import Tokenizers

@Suite struct RoundTripTests {
  @Test(arguments: Vocabularies.byteLevel + ["sentencepiece"])
  func decodingGivesBackAnyText(name: String) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    var random = SeededGenerator(seed: 3)
    for _ in 0..<300 {
      var text = random.text()
      // SentencePiece writes a space as this character, so it cannot keep the two apart.
      if name == "sentencepiece" {
        text.unicodeScalars.removeAll { $0 == "\u{2581}" }
      }
      let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
      let decoded = tokenizer.decode(tokens)
      #expect(Array(decoded.utf8) == Array(text.utf8), "\(text.debugDescription)")
    }
  }

  @Test(arguments: Vocabularies.names)
  func everyTokenIsWithinTheVocabulary(name: String) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    var random = SeededGenerator(seed: 4)
    for _ in 0..<200 {
      for token in tokenizer.encode(random.text(), addSpecial: true, parseSpecial: true) {
        #expect((0..<Int32(tokenizer.vocabularySize)).contains(token))
      }
    }
  }

  @Test func wordPieceDecodesToNormalisedWords() throws {
    let tokenizer = try Vocabularies.tokenizer("embedding")
    let tokens = tokenizer.encode(
      "  Résumé of  UNBELIEVABLE!", addSpecial: true, parseSpecial: false)
    #expect(tokenizer.decode(tokens) == "resume of unbelievable !")
  }

  @Test(arguments: Vocabularies.names)
  func decodingIsTheSumOfTheTokens(name: String) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    let tokens = tokenizer.encode("grüße, 火 and 😀!", addSpecial: true, parseSpecial: true)
    var text = String(decoding: tokens.flatMap { tokenizer.bytes(of: $0) }, as: UTF8.self)
    let prefixed = ["embedding", "sentencepiece", "unigram", "wordpiece", "wordpiece-cased"]
    if prefixed.contains(name) {
      #expect(text.first == " ")
      text.removeFirst()
    }
    #expect(tokenizer.decode(tokens) == text)
  }

  @Test(arguments: Vocabularies.names)
  func idsOutsideTheVocabularyAddNothing(name: String) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    for id in [-1, Int32.min, Int32.max, Int32(tokenizer.vocabularySize)] {
      #expect(tokenizer.bytes(of: id).isEmpty)
      #expect(!tokenizer.isEndOfGeneration(id))
    }
    #expect(tokenizer.decode([-1, .max]).isEmpty)
  }

  @Test func incompleteCharactersAreRepaired() throws {
    let tokenizer = try Vocabularies.tokenizer("reader")
    let tokens = tokenizer.encode("😀", addSpecial: false, parseSpecial: false)
    #expect(tokens.count > 1)
    #expect(tokenizer.decode(Array(tokens.dropLast())).contains("\u{FFFD}"))
  }

  /// One word of a megabyte, and other text on which a naive merge or a regular expression that
  /// backtracks would take hours.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "reader", "embedding", "llama-bpe", "sentencepiece", "characters", "unigram", "wordpiece",
    ],
    ["a", " ", "\n", "é", "ab1 ", "\u{301}"])
  func longTextTakesBoundedTime(name: String, unit: String) throws {
    try expectBoundedTime(name, unit, length: 1_000_000)
  }

  @Test(
    .timeLimit(.minutes(1)), arguments: Vocabularies.otherRules, ["Aa", " ", " \n", "1", "\u{301}"])
  func longTextTakesBoundedTimeByOtherRules(rule: String, unit: String) throws {
    try expectBoundedTime(rule, unit, length: 100_000)
  }

  private func expectBoundedTime(_ name: String, _ unit: String, length: Int) throws {
    let tokenizer = try Vocabularies.tokenizer(name)
    #if DEBUG
      let length = length / 20
    #endif
    let text = String(repeating: unit, count: length / unit.utf8.count)
    let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    #expect(tokens.count <= length + 1)
  }
}
