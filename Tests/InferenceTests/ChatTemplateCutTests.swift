import Testing

@testable import Inference

@Suite struct ChatTemplateCutTests {
  private func text(_ parts: [ChatTemplate.Part]) -> String {
    parts.map {
      switch $0 {
      case .control(let text), .text(let text): text
      }
    }.joined()
  }

  @Test(arguments: ChatTemplate.Style.allCases)
  func `every form has the passages' place once, and nothing else changes`(
    _ style: ChatTemplate.Style
  ) {
    let template = ChatTemplate(style, beginning: "<s>")
    func messages(_ passages: String) -> [ChatMessage] {
      [ChatMessage(.system, " Be brief. "), ChatMessage(.user, passages + "Question: why? ")]
    }
    let cut = ChatTemplate.cut(template.parts(messages("<here>"), true), at: "<here>")
    #expect(cut.count == 2)
    let expected = template.render(messages("[1] A passage.\n\n"))
    #expect(cut.map(text).joined(separator: "[1] A passage.\n\n") == expected)
  }

  @Test func `a place that is missing or there twice gives one or three stretches`() {
    let parts: [ChatTemplate.Part] = [.control("<s>"), .text("a@b"), .control("@"), .text("@c")]
    #expect(ChatTemplate.cut(parts, at: "#") == [parts])
    #expect(
      ChatTemplate.cut(parts, at: "@")
        == [[.control("<s>"), .text("a")], [.text("b"), .control("@")], [.text("c")]])
  }
}
