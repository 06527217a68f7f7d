import Foundation
import GGUF
import TestSupport
import Testing
import Tokenizers

@Suite struct GoldenTests {
  private struct Golden: Decodable {
    /// Which strings: every `step`th from `first` on.
    let first: Int
    let step: Int
    let tokens: [[Int32]]
  }

  @Test(arguments: Vocabularies.names)
  func tokensEqualThoseOfLlamaCpp(name: String) throws {
    let strings = try JSONDecoder().decode(
      [String].self, from: Data(contentsOf: fixtures.appending(path: "strings.json")))
    let expected = try JSONDecoder().decode(
      [String: Golden].self,
      from: Data(contentsOf: fixtures.appending(path: "expected-tokens.json")))
    let golden = try #require(expected[name])
    let chosen = stride(from: golden.first, to: strings.count, by: golden.step).map { strings[$0] }
    #expect(golden.tokens.count == chosen.count)
    let tokenizer = try Vocabularies.tokenizer(name)
    for (text, ids) in zip(chosen, golden.tokens) {
      #expect(
        tokenizer.encode(text, addSpecial: false, parseSpecial: true) == ids,
        "\(text.debugDescription)")
    }
  }

  /// From llama.cpp; the last token is the `<s>` in the text.
  @Test func storiesVocabularyGivesTheKnownTokens() throws {
    let tokenizer = try Vocabularies.tokenizer("sentencepiece")
    let tokens = tokenizer.encode(
      "Once upon a time, there was a dragon. 火 é <s>", addSpecial: true, parseSpecial: true)
    #expect(
      tokens == [
        1, 403, 407, 261, 378, 432, 383, 286, 261, 279, 420, 412, 428, 289, 426, 410, 234, 132, 174,
        410, 485, 410, 1,
      ])
  }

  private struct ReaderGolden: Decodable {
    struct Item: Decodable {
      let passages: [[String]]
      let question: String
      let tokens: [Int32]
      let answer: [Int32]
    }
    let items: [Item]
  }

  private static let readerGolden = SharedData.url("reader/independent-golden.json")

  /// A space stands before each sentence and before the question.
  @Test(
    .enabled(if: readerGolden != nil, "needs reader/independent-golden.json of the shared data"))
  func readerPromptsGiveTheTokensOfTheReference() throws {
    let golden = try JSONDecoder().decode(
      ReaderGolden.self, from: Data(contentsOf: #require(Self.readerGolden)))
    let tokenizer = try Vocabularies.tokenizer("reader")
    #expect(!golden.items.isEmpty)
    for item in golden.items {
      var prompt = ""
      var sentence = 0
      for (number, passage) in item.passages.enumerated() {
        prompt += "<|d\(number + 1)|>"
        for text in passage {
          sentence += 1
          prompt += "<|s\(sentence)|> \(text)"
        }
      }
      prompt += "<|q|> \(item.question)<|a|>"
      let tokens = tokenizer.encode(prompt, addSpecial: true, parseSpecial: true)
      #expect(tokens + item.answer == item.tokens)
    }
  }
}
