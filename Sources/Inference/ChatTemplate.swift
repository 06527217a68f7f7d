import GGUF
import Tokenizers

/// How a chat model expects a conversation to be written.
///
/// The Jinja text in a model file is recognised, not executed.
package struct ChatTemplate: Sendable, Equatable {
  /// The forms that are known; what distinguishes models of one form are the other properties.
  package enum Style: String, Sendable, CaseIterable {
    /// `<|im_start|>user\n...<|im_end|>\n`, as Qwen and SmolLM2 use it.
    case chatML
    /// `<|start_header_id|>user<|end_header_id|>\n\n...<|eot_id|>`, of Llama 3 and later.
    case llama3
    /// `<|user|>\n...<|end|>\n`.
    case phi3
    /// `<start_of_turn>user\n...<end_of_turn>\n`; the system's text begins the first user's turn.
    case gemma
    /// `[INST] ... [/INST]`, its brackets ordinary text: Mistral 7B Instruct v0.1 and v0.2.
    case mistral
    /// ` [INST] ... [/INST]`, of `mistral-common`'s version 1.
    case mistralV1
    /// `[INST] ...[/INST]`, the brackets control tokens: version 3.
    case mistralV3
    /// `[INST]...[/INST]` without blanks: version 3 with the tokenizer Tekken.
    case mistralV3Tekken
    /// `[SYSTEM_PROMPT] ...[/SYSTEM_PROMPT][INST] ...[/INST]`: version 7.
    case mistralV7
    /// The same without blanks: version 7 with the tokenizer Tekken.
    case mistralV7Tekken
  }

  package let style: Style
  /// The token that begins the conversation, nil where the model has none.
  let beginning: String?
  /// What the system says where the conversation does not begin with its message.
  let defaultSystem: String?
  /// Whether earlier answers lose what stands before `</think>`, as in Qwen 3.
  let dropsReasoning: Bool

  init(
    _ style: Style, beginning: String? = nil, defaultSystem: String? = nil,
    dropsReasoning: Bool = false
  ) {
    self.style = style
    self.beginning = beginning
    self.defaultSystem = defaultSystem
    self.dropsReasoning = dropsReasoning
  }

  package static let chatML = ChatTemplate(.chatML)
  package static let llama3 = ChatTemplate(.llama3, beginning: "<|begin_of_text|>")

  /// A stretch of the conversation: the name of a control token, or text.
  enum Part: Equatable {
    case control(String)
    case text(String)
  }

  /// The conversation as one text; what stands in a message's content is copied as it is.
  package func render(_ messages: [ChatMessage], addGenerationPrompt: Bool = true) -> String {
    parts(messages, addGenerationPrompt).map {
      switch $0 {
      case .control(let text), .text(let text): text
      }
    }.joined()
  }

  /// The conversation's tokens, where no text inside a message can become a control token.
  ///
  /// A document that contains `<|im_end|>` literally stays text, so it cannot end its own turn.
  package func encode(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = true, with tokenizer: any Tokenizer
  ) -> [Int32] {
    Self.encode(parts(messages, addGenerationPrompt), with: tokenizer)
  }

  /// The tokens of the stretches of a conversation that lie before, between and after the places where
  /// `marker` stands in it.
  ///
  /// The marker is in none of them, and each is tokenised on its own.
  package func encode(
    _ messages: [ChatMessage], cutAt marker: String, with tokenizer: any Tokenizer
  ) -> [[Int32]] {
    Self.cut(parts(messages, true), at: marker).map { Self.encode($0, with: tokenizer) }
  }

  static func cut(_ parts: [Part], at marker: String) -> [[Part]] {
    var stretches: [[Part]] = [[]]
    for part in parts {
      guard case .text(let text) = part else {
        stretches[stretches.count - 1].append(part)
        continue
      }
      let texts = text.split(separator: marker, omittingEmptySubsequences: false)
      for (index, text) in texts.enumerated() {
        if index > 0 { stretches.append([]) }
        if !text.isEmpty { stretches[stretches.count - 1].append(.text(String(text))) }
      }
    }
    return stretches
  }

  private static func encode(_ parts: [Part], with tokenizer: any Tokenizer) -> [Int32] {
    var tokens: [Int32] = []
    var text = ""
    func flush() {
      if !text.isEmpty {
        tokens += tokenizer.encode(text, addSpecial: false, parseSpecial: false)
      }
      text = ""
    }
    // Neighbouring texts are one text to the tokenizer, which may join what lies on both sides.
    for part in parts {
      switch part {
      case .text(let more): text += more
      case .control(let name):
        flush()
        tokens += tokenizer.encode(name, addSpecial: false, parseSpecial: true)
      }
    }
    flush()
    return tokens
  }
}
