import GGUF
import Tokenizers

/// One turn of a conversation.
package struct ChatMessage: Sendable, Equatable {
  package enum Role: String, Sendable, CaseIterable {
    case system, user, assistant
  }

  package let role: Role
  package let content: String

  package init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
}

/// How a chat model expects a conversation to be written.
///
/// The Jinja text in a model file is recognised, not executed.
package enum ChatTemplate: String, Sendable, CaseIterable {
  /// `<|im_start|>user\n...<|im_end|>\n`, as Qwen and SmolLM2 use it.
  case chatML
  /// `<|start_header_id|>user<|end_header_id|>\n\n...<|eot_id|>`, of Llama 3 and later.
  case llama3

  /// What a message names when a template is neither.
  static let supported = "a ChatML template (<|im_start|>) or a Llama 3 one (<|start_header_id|>)"

  /// The template of a model file, nil if it has none; another template is an error.
  package static func detect(in file: GGUFFile) throws -> ChatTemplate? {
    guard let source = try file.optionalString("tokenizer.chat_template") else { return nil }
    if source.contains("<|im_start|>") { return .chatML }
    if source.contains("<|start_header_id|>") { return .llama3 }
    let beginning = source.split(separator: "\n").first.map { String($0.prefix(60)) } ?? ""
    throw InferenceError.unsupportedChatTemplate(file: file.path, beginning: beginning)
  }

  /// The conversation as one text; what stands in a message's content is copied as it is.
  package func render(_ messages: [ChatMessage], addGenerationPrompt: Bool = true) -> String {
    parts(messages, addGenerationPrompt).map(\.text).joined()
  }

  /// The conversation's tokens, where no text inside a message can become a control token.
  ///
  /// A document that contains `<|im_end|>` literally stays text, so it cannot end its own turn.
  package func encode(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = true, with tokenizer: any Tokenizer
  ) -> [Int32] {
    parts(messages, addGenerationPrompt).flatMap {
      tokenizer.encode($0.text, addSpecial: false, parseSpecial: $0.isControl)
    }
  }

  private struct Part {
    let text: String
    let isControl: Bool
  }

  private func parts(_ messages: [ChatMessage], _ addGenerationPrompt: Bool) -> [Part] {
    var result: [Part] = []
    var control = self == .llama3 ? "<|begin_of_text|>" : ""
    for message in messages {
      result.append(Part(text: control + opening(message.role), isControl: true))
      result.append(Part(text: content(of: message), isControl: false))
      control = closing
    }
    if addGenerationPrompt { control += opening(.assistant) }
    result.append(Part(text: control, isControl: true))
    return result
  }

  private func opening(_ role: ChatMessage.Role) -> String {
    switch self {
    case .chatML: "<|im_start|>\(role.rawValue)\n"
    case .llama3: "<|start_header_id|>\(role.rawValue)<|end_header_id|>\n\n"
    }
  }

  /// Llama 3's template trims each message; ChatML's does not.
  private func content(of message: ChatMessage) -> String {
    guard self == .llama3 else { return message.content }
    let trimmed = message.content.drop { $0.isWhitespace }
    guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(trimmed[...last])
  }

  private var closing: String {
    switch self {
    case .chatML: "<|im_end|>\n"
    case .llama3: "<|eot_id|>"
    }
  }
}
