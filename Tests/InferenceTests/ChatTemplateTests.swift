import Foundation
import GGUF
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

  @Test func theTemplateIsRecognisedFromTheFile() throws {
    #expect(try ChatTemplate.detect(in: file("{{ '<|im_start|>' + role }}")) == .chatML)
    #expect(try ChatTemplate.detect(in: file("{{ '<|start_header_id|>' }}")) == .llama3)
    #expect(try ChatTemplate.detect(in: file(nil)) == nil)
  }

  @Test func anotherTemplateIsRefusedWithWhatIsSupported() throws {
    let file = try file("[INST] {{ content }} [/INST]")
    #expect {
      try ChatTemplate.detect(in: file)
    } throws: { error in
      "\(error)".contains("[INST]") && "\(error)".contains("ChatML")
    }
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
