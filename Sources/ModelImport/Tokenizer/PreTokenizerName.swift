import GGUF

/// The name of the rule by which a byte-pair tokenizer splits text: `tokenizer.ggml.pre`.
///
/// `tokenizer.json` writes the rule out as regular expressions; a GGUF file names it. Each known
/// form stands here with its name; another form is refused, because text would be split wrongly.
/// Source of the pairs: the expressions that llama.cpp's llama-vocab.cpp quotes beside each name.
struct PreTokenizerName {
  let name: String

  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let ending = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
  private static let symbols = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
  private static let upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
  private static let lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"

  /// GPT-4's words with up to three, one, or any number of digits.
  private static func words(digits: String) -> String {
    "\(contractions)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}\(digits)\(symbols)\(ending)"
  }

  /// Words that end where lower case turns to upper case.
  private static func casedWords(contractions: String, digits: String) -> String {
    let start = "[^\\r\\n\\p{L}\\p{N}]?"
    return "\(start)\(upper)*\(lower)+\(contractions)|\(start)\(upper)+\(lower)*\(contractions)"
      + "|\\p{N}\(digits)| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*\(ending)"
  }

  private static let gpt2 =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
  private static let qwen35 =
    "\(contractions)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
    + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*\(ending)"

  /// Names by the steps of the pre-tokenizer, as `describe` writes them.
  private static let names = [
    "bytes(gpt2)": "gpt-2", "split(\(gpt2)) bytes": "gpt-2",
    "digits(1) bytes(gpt2)": "smollm",
    "split(\(words(digits: "{1,3}"))) bytes": "dbrx",
    "split(\(words(digits: ""))) bytes": "qwen2", "split(\(qwen35)) bytes": "qwen35",
    "split(\(casedWords(contractions: "", digits: ""))) bytes": "tekken",
    "split(\(casedWords(contractions: contractions + "?", digits: "{1,3}"))) bytes": "gpt-4o",
  ]

  init(_ tokenizer: TokenizerFile) throws(GGUFError) {
    guard let steps = try tokenizer.steps.optionalObject("pre_tokenizer") else {
      throw tokenizer.steps.error(
        "pre_tokenizer", found: "none", expected: "the rule by which text is split")
    }
    let form = try Self.describe(steps)
    guard let name = Self.names[form] else {
      throw tokenizer.steps.error(
        "pre_tokenizer", found: "a rule that is not known: \(form.prefix(200))",
        expected: "that of "
          + Set(Self.names.values).union(["llama-bpe"]).sorted()
          .joined(separator: ", "))
    }
    // The same words; Llama 3 also takes a word that is a token as it is, whatever the merges.
    let ignoresMerges = try tokenizer.model.optionalBool("ignore_merges") ?? false
    self.name = name == "dbrx" && ignoresMerges ? "llama-bpe" : name
  }

  /// The steps in a canonical form, such as `split(...) bytes`.
  private static func describe(_ step: JSONObject) throws(GGUFError) -> String {
    switch try step.optionalString("type") {
    case "Sequence":
      var parts: [String] = []
      for part in try step.objects("pretokenizers") { parts.append(try describe(part)) }
      return parts.joined(separator: " ")
    case "ByteLevel":
      guard try step.optionalBool("add_prefix_space") != true else { return "bytes(prefix space)" }
      return try step.optionalBool("use_regex") ?? true ? "bytes(gpt2)" : "bytes"
    case "Digits":
      return try step.optionalBool("individual_digits") == true ? "digits(1)" : "digits"
    case "Split":
      let pattern = try step.optionalObject("pattern")?.optionalString("Regex")
      let behaviour = try step.optionalString("behavior")
      let inverts = try step.optionalBool("invert") ?? false
      guard let pattern, behaviour == "Isolated" && !inverts || behaviour == "Removed" && inverts
      else { return "split of another kind" }
      return "split(\(pattern))"
    case let type: return type ?? "an unnamed step"
    }
  }
}
