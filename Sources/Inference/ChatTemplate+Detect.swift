import GGUF

extension ChatTemplate {
  /// What a message names when a template is none of these.
  static let supported =
    "a template with <|im_start|> (ChatML), <|start_header_id|> (Llama 3), <|assistant|> and <|end|> "
    + "(Phi-3), <start_of_turn> (Gemma) or [INST] (Mistral)"

  /// The template of a model file, nil if it has none; another template is an error.
  package static func detect(in file: GGUFFile) throws -> ChatTemplate? {
    guard let source = try file.optionalString("tokenizer.chat_template") else { return nil }
    if let template = ChatTemplate(source: source) { return template }
    let beginning = source.split(separator: "\n").first.map { String($0.prefix(60)) } ?? ""
    throw InferenceError.unsupportedChatTemplate(file: file.path, beginning: beginning)
  }

  /// The template that a Jinja text describes, nil if it is none that is known.
  init?(source: String) {
    guard let style = Self.style(of: source) else { return nil }
    let token =
      switch style {
      case .chatML: ""
      case .llama3: "<|begin_of_text|>"
      case .gemma: "<bos>"
      default: "<s>"
      }
    let hasBeginning = style == .llama3 || source.contains("bos_token") || source.contains("'<s>'")
    self.init(
      style, beginning: hasBeginning && !token.isEmpty ? token : nil,
      defaultSystem: style == .chatML ? Self.defaultSystem(in: source) : nil,
      dropsReasoning: style == .chatML && source.contains("</think>"))
  }

  private static func style(of source: String) -> Style? {
    // Phi-4 and SmolVLM begin turns like ChatML and go on otherwise.
    if source.contains("<|im_start|>") {
      let isOther = source.contains("<|im_sep|>") || source.contains("<end_of_utterance>")
      return isOther ? nil : .chatML
    }
    if source.contains("[INST]") { return mistral(source) }
    if source.contains("<|assistant|>"), source.contains("<|end|>") { return .phi3 }
    if source.contains("<start_of_turn>") { return .gemma }
    return source.contains("<|start_header_id|>") ? .llama3 : nil
  }

  /// Versions as llama.cpp tells them apart; Llama 2's `<<SYS>>` is none of them.
  private static func mistral(_ source: String) -> Style? {
    if source.contains("<<SYS>>") { return nil }
    if source.contains("[SYSTEM_PROMPT]") {
      return source.contains("[SYSTEM_PROMPT] ") ? .mistralV7 : .mistralV7Tekken
    }
    if source.contains("[AVAILABLE_TOOLS]") || source.contains("' [INST] ' + system_message") {
      if source.contains(" [INST]") { return .mistralV1 }
      return source.contains("\"[INST]\"") ? .mistralV3Tekken : .mistralV3
    }
    return .mistral
  }

  /// The text between `<|im_start|>system\n` and `<|im_end|>` where the template has it literally.
  private static func defaultSystem(in source: String) -> String? {
    var rest = source[...]
    while let start = rest.firstRange(of: "<|im_start|>system\\n") {
      rest = rest[start.upperBound...]
      guard let end = rest.firstRange(of: "<|im_end|>") else { return nil }
      let text = rest[..<end.lowerBound]
      let isLiteral = !text.contains { "'\"{}+".contains($0) }
      if isLiteral, !text.isEmpty { return String(text.replacing("\\n", with: "\n")) }
    }
    return nil
  }
}
