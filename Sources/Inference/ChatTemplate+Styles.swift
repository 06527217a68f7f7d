extension ChatTemplate {
  /// The conversation cut into control tokens and text.
  func parts(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    let start = beginning.map { [Part.control($0)] } ?? []
    switch style {
    case .chatML: return start + chatML(messages, addGenerationPrompt)
    case .llama3: return start + llama3(messages, addGenerationPrompt)
    case .phi3: return start + phi3(messages, addGenerationPrompt)
    case .gemma: return start + gemma(messages, addGenerationPrompt)
    case .mistral, .mistralV1, .mistralV3, .mistralV3Tekken: return start + mistral(messages)
    case .mistralV7, .mistralV7Tekken: return start + mistralV7(messages)
    }
  }

  private func chatML(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    var all = messages
    if let defaultSystem, messages.first?.role != .system {
      all.insert(ChatMessage(.system, defaultSystem), at: 0)
    }
    let lastQuestion = all.lastIndex { $0.role == .user } ?? 0
    var parts: [Part] = []
    for (index, message) in all.enumerated() {
      let isEarlierAnswer = message.role == .assistant && index < lastQuestion
      let content =
        isEarlierAnswer && dropsReasoning ? withoutReasoning(message.content) : message.content
      parts += [
        .control("<|im_start|>"), .text("\(message.role.rawValue)\n\(content)"),
        .control("<|im_end|>"), .text("\n"),
      ]
    }
    if addGenerationPrompt { parts += [.control("<|im_start|>"), .text("assistant\n")] }
    return parts
  }

  private func withoutReasoning(_ answer: String) -> String {
    guard let end = answer.ranges(of: "</think>").last else { return answer }
    return String(answer[end.upperBound...].drop { $0 == "\n" })
  }

  /// Each message is trimmed.
  private func llama3(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    func header(_ role: ChatMessage.Role) -> [Part] {
      [.control("<|start_header_id|>"), .text(role.rawValue), .control("<|end_header_id|>")]
    }
    var parts = messages.flatMap {
      header($0.role) + [.text("\n\n" + trimmed($0.content)), .control("<|eot_id|>")]
    }
    if addGenerationPrompt { parts += header(.assistant) + [.text("\n\n")] }
    return parts
  }

  private func phi3(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    var parts: [Part] = messages.flatMap {
      [
        .control("<|\($0.role.rawValue)|>"), .text("\n" + $0.content), .control("<|end|>"),
        .text("\n"),
      ]
    }
    if addGenerationPrompt { parts += [.control("<|assistant|>"), .text("\n")] }
    return parts
  }

  /// Messages are trimmed, the system's is not: it stands before the first of the others.
  private func gemma(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    var parts: [Part] = []
    var prefix = ""
    for message in messages {
      if message.role == .system {
        prefix += message.content + "\n\n"
        continue
      }
      let role = message.role == .assistant ? "model" : "user"
      parts += [
        .control("<start_of_turn>"), .text("\(role)\n\(prefix)\(trimmed(message.content))"),
        .control("<end_of_turn>"), .text("\n"),
      ]
      prefix = ""
    }
    if addGenerationPrompt { parts += [.control("<start_of_turn>"), .text("model\n")] }
    return parts
  }

  /// Where blanks stand around the brackets of an instruction, and what the brackets are.
  private struct MistralSpacing {
    var beforeInstruction = ""
    var afterOpening = " "
    var beforeClosing = ""
    var beforeAnswer = " "
    var afterSystem = "\n\n"
    var bracketsAreControl = true
    var trimsAnswer = false
  }

  private var spacing: MistralSpacing {
    switch style {
    case .mistral:
      MistralSpacing(
        beforeClosing: " ", beforeAnswer: "", afterSystem: "\n", bracketsAreControl: false)
    case .mistralV1:
      MistralSpacing(beforeInstruction: " ", beforeClosing: " ", bracketsAreControl: false)
    case .mistralV3: MistralSpacing(trimsAnswer: true)
    default: MistralSpacing(afterOpening: "", beforeAnswer: "")
    }
  }

  /// The system's text begins the instruction of the user who speaks next.
  private func mistral(_ messages: [ChatMessage]) -> [Part] {
    let spacing = spacing
    func bracket(_ name: String) -> Part {
      spacing.bracketsAreControl ? .control(name) : .text(name)
    }
    var parts: [Part] = []
    var isOpen = false
    for message in messages {
      if message.role == .assistant {
        let answer = spacing.trimsAnswer ? trimmed(message.content) : message.content
        parts += [.text(spacing.beforeAnswer + answer), .control("</s>")]
        isOpen = false
        continue
      }
      if !isOpen {
        parts += [
          .text(spacing.beforeInstruction), bracket("[INST]"), .text(spacing.afterOpening),
        ]
        isOpen = true
      }
      parts +=
        message.role == .system
        ? [.text(message.content + spacing.afterSystem)]
        : [.text(message.content + spacing.beforeClosing), bracket("[/INST]")]
    }
    return parts
  }

  private func mistralV7(_ messages: [ChatMessage]) -> [Part] {
    let blank = style == .mistralV7 ? " " : ""
    return messages.flatMap { message -> [Part] in
      let text = Part.text(blank + message.content)
      return switch message.role {
      case .system: [.control("[SYSTEM_PROMPT]"), text, .control("[/SYSTEM_PROMPT]")]
      case .user: [.control("[INST]"), text, .control("[/INST]")]
      case .assistant: [text, .control("</s>")]
      }
    }
  }

  private func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}
