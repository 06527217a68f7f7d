/// Tokens known by their names, for files that leave out or mistake what they are for.
///
/// The names and the corrections are llama.cpp's, so that the same tokens are split from text and
/// end a generation.
enum TokenRoles {
  /// Names that end a turn; the first that the vocabulary has wins.
  static let turnEnds = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "<|endoftext|>",
    "<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>",
  ]
  /// Names that end generation.
  static let generationEnds =
    turnEnds + [
      "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "</s>", "<|eom_id|>", "[EOS]", "<eos>",
      "<|tool_response>", "[e~[",
    ] + padding + files
  private static let padding = ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]
  private static let files = [
    "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
  ]
  /// Names around code that is to be filled in.
  private static let infill = [
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
    "<|code_prefix|>", "<|prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",
    "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>", "<|fim_middle|>",
    "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
    "<|middle|>",
  ]
  /// Parts of the Harmony format that are always shown.
  private static let shown = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]

  /// The kinds with control tokens made of those that have such a name, whatever the file says.
  static func corrected(_ kinds: [TokenKind], _ id: (String) -> Int32?) -> [TokenKind] {
    var kinds = kinds
    func set(_ name: String, _ kind: TokenKind) {
      if let id = id(name) { kinds[Int(id)] = kind }
    }
    for name in generationEnds + infill { set(name, .control) }
    for name in shown { set(name, .userDefined) }
    for (name, kind) in exceptions(id) { set(name, kind) }
    return kinds
  }

  /// The tokens that end generation by their names.
  static func ends(_ id: (String) -> Int32?) -> Set<Int32> {
    let exceptions = exceptions(id).map(\.name)
    return Set(generationEnds.filter { !exceptions.contains($0) }.compactMap(id))
  }

  /// Names that mean something else beside certain others: a part of Harmony's messages, and the
  /// end of a strike-through.
  private static func exceptions(
    _ id: (String) -> Int32?
  ) -> [(name: String, kind: TokenKind)] {
    func has(_ name: String) -> Bool { id(name) != nil }
    let calls = has("<|call|>") || has("<|calls|>")
    var exceptions: [(name: String, kind: TokenKind)] = []
    if calls, has("<|return|>") || has("<|flush|>") { exceptions.append(("<|end|>", .userDefined)) }
    if has("<|tool_response>") { exceptions.append(("</s>", .normal)) }
    return exceptions
  }
}
