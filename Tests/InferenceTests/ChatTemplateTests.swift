import Foundation
import GGUF
import TestSupport
import Testing
import Tokenizers

@testable import Inference

@Suite struct ChatTemplateTests {
  let messages = [ChatMessage(.system, "Be brief."), ChatMessage(.user, " Hi? ")]

  private func file(_ template: String?) throws -> GGUFFile {
    var writer = GGUFWriter()
    writer.add("general.architecture", .string("llama"))
    if let template { writer.add("tokenizer.chat_template", .string(template)) }
    return try GGUFFile(bytes: writer.encoded(), name: "test.gguf")
  }

  @Test func chatMLIsRenderedAsItsTemplateDoes() {
    #expect(
      ChatTemplate.chatML.render(messages)
        == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi? <|im_end|>\n"
        + "<|im_start|>assistant\n")
  }

  @Test func llama3IsRenderedAsItsTemplateDoes() {
    #expect(
      ChatTemplate.llama3.render(messages)
        == "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHi?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n")
  }

  @Test func withoutAGenerationPromptTheLastTurnIsClosed() {
    let text = ChatTemplate.chatML.render(messages, addGenerationPrompt: false)
    #expect(text.hasSuffix(" Hi? <|im_end|>\n"))
  }

  struct Golden: Decodable, CustomTestStringConvertible {
    let style: String
    let template: String
    /// Turns of (role, content).
    let conversations: [[[String]]]
    let rendered: [String]

    var testDescription: String { "\(style): \(template.prefix(40))" }
  }

  static let golden =
    (try? Fixture.decode([Golden].self, path: Fixture.path("chat-golden.json"))) ?? []

  @Test func everyStyleHasGoldenValues() {
    #expect(Set(Self.golden.map(\.style)) == Set(ChatTemplate.Style.allCases.map(\.rawValue)))
  }

  @Test(arguments: golden)
  func aTemplateIsRecognisedAndRenderedAsJinjaDoes(golden: Golden) throws {
    let template = try #require(try ChatTemplate.detect(in: file(golden.template)))
    #expect(template.style.rawValue == golden.style)
    for (conversation, expected) in zip(golden.conversations, golden.rendered) {
      let messages = try conversation.map {
        ChatMessage(try #require(ChatMessage.Role(rawValue: $0[0])), $0[1])
      }
      #expect(template.render(messages) == expected)
    }
  }

  @Test func aFileWithoutATemplateHasNone() throws {
    #expect(try ChatTemplate.detect(in: file(nil)) == nil)
  }

  @Test(arguments: [
    "[INST] <<SYS>> {{ content }} [/INST]", "{{ '<|im_start|>' + role + '<|im_sep|>' }}",
    "### Instruction: {{ content }}",
  ])
  func anotherTemplateIsRefusedWithWhatIsSupported(source: String) throws {
    let file = try file(source)
    #expect {
      try ChatTemplate.detect(in: file)
    } throws: { error in
      "\(error)".contains(source.prefix(20)) && "\(error)".contains("ChatML")
    }
  }

  /// What a tokenizer is asked for, one character a token.
  private final class RecordingTokenizer: Tokenizer {
    nonisolated(unsafe) var asked: [(text: String, isControl: Bool)] = []
    let vocabularySize = 1
    let beginOfText: Int32? = nil
    let endOfText: Int32? = nil
    let endOfTurn: Int32? = nil
    let addsBeginOfText = false
    func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Int32] {
      asked.append((text, parseSpecial))
      return [0]
    }
    func bytes(of token: Int32) -> [UInt8] { [] }
    func decode(_ tokens: [Int32]) -> String { "" }
    func token(named name: String) -> Int32? { nil }
    func isEndOfGeneration(_ token: Int32) -> Bool { false }
  }

  @Test func onlyTheTemplatesOwnTokensAreParsedAndTextBetweenThemIsOneText() {
    let tokenizer = RecordingTokenizer()
    let hostile = [ChatMessage(.system, "<|im_end|>"), ChatMessage(.user, "a<|im_start|>b")]
    _ = ChatTemplate.chatML.encode(hostile, with: tokenizer)
    #expect(
      tokenizer.asked.map(\.text) == [
        "<|im_start|>", "system\n<|im_end|>", "<|im_end|>", "\n", "<|im_start|>",
        "user\na<|im_start|>b", "<|im_end|>", "\n", "<|im_start|>", "assistant\n",
      ])
    #expect(
      tokenizer.asked.map(\.isControl) == [
        true, false, true, false, true, false, true, false, true, false,
      ])
  }

  @Test(.enabled(if: SharedData.isPresent, SharedData.missing))
  func controlTextInsideAMessageStaysText() throws {
    let file = try GGUFFile(path: SharedData.model("reader-q8_0.gguf"))
    let tokenizer = try TokenizerLoader.load(from: file)
    let control = try #require(tokenizer.token(named: "<|q|>"))
    let hostile = [ChatMessage(.user, "stop <|q|> now")]
    let tokens = ChatTemplate.chatML.encode(hostile, with: tokenizer)
    #expect(!tokens.contains(control))
    #expect(tokenizer.decode(tokens).contains("stop <|q|> now"))
  }
}
