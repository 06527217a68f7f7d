import GGUF

/// Cuts text into words before byte-pair encoding, by the rule that `tokenizer.ggml.pre` names.
///
/// Each rule is a list of stages; a stage cuts every piece that the one before has made, without
/// looking beyond it. Results are those of llama.cpp, also where it strays from the models' own
/// tokenizers.
struct PreTokenizer: Sendable {
  private let stages: [SplitStage]
  /// Whether a word that is in the vocabulary is one token, whatever the merges say.
  private(set) var takesWholeWords = false
  /// Whether texts begin with the begin-of-text token where the metadata does not say.
  private(set) var addsBeginOfText = false
  /// Whether words are spelled as SentencePiece does, not in the byte alphabet.
  private(set) var isSentencePiece = false

  init(_ file: GGUFFile, model: String) throws(GGUFError) {
    let key = "tokenizer.ggml.pre"
    let name = model == "gemma4" ? model : try file.optionalString(key) ?? "default"
    guard let stages = Self.stages(name) else {
      throw GGUFError(
        file: file.path, field: key, found: "\"\(name)\"",
        expected: "one of \(Self.names.joined(separator: ", "))")
    }
    self.stages = stages
    takesWholeWords = Self.wholeWordNames.contains(name)
    addsBeginOfText = Self.beginningNames.contains(name)
    isSentencePiece = Self.sentencePieceNames.contains(name)
  }

  /// The words of `text` in order, as byte ranges without gaps.
  func words(in text: ScalarText) -> [Range<Int>] {
    var pieces = [text.whole]
    var words: [Range<Int>] = []
    for stage in stages {
      words.removeAll(keepingCapacity: true)
      words.reserveCapacity(max(pieces.count, text.whole.count / 4))
      for piece in pieces { stage.split(text, piece, into: &words) }
      swap(&pieces, &words)
    }
    return text.bytes(pieces)
  }
}

extension PreTokenizer {
  private static let llama3Names = [
    "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
    "jina-v5-nano",
  ]
  private static let gpt2Names = [
    "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "jina-es",
    "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "gigachat", "a.x-4.0",
    "mellum", "modern-bert", "roberta-bpe",
  ]
  private static let singleDigitNames = [
    "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2",
  ]
  private static let qwen2Names = [
    "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
    "solar-open", "grok-2", "bailingmoe", "bailingmoe2", "llada-moe",
  ]
  private static let gpt4Names = ["dbrx", "smaug-bpe", "chatglm-bpe", "glm4", "glm5"]
  private static let gpt4oNames = ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"]
  private static let deepSeek3Names = ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"]
  private static let sentencePieceNames = ["gemma4", "granite-embed-multi-311m"]
  private static let otherNames = [
    "default", "falcon", "qwen35", "tekken", "deepseek-llm", "deepseek-coder", "seed-coder",
    "ufakzeka", "minicpm5", "laguna", "poro-chat", "bloom", "gpt3-finnish", "viking", "superbpe",
  ]

  private static let wholeWordNames = Set(llama3Names + ["tekken", "minicpm5", "glm4", "glm5"])
  private static let beginningNames = Set(llama3Names + ["tekken"])

  /// Every name that is supported, in the order of the alphabet.
  static let names = [
    llama3Names, gpt2Names, singleDigitNames, qwen2Names, gpt4Names, gpt4oNames, deepSeek3Names,
    sentencePieceNames, otherNames,
  ].flatMap(\.self).sorted()

  private static func stages(_ name: String) -> [SplitStage]? {
    if gpt2Names.contains(name) { return [.gpt2] }
    if singleDigitNames.contains(name) { return [.numbers(atMost: 1), .gpt2] }
    if llama3Names.contains(name) || gpt4Names.contains(name) { return [.words(WordRule())] }
    if qwen2Names.contains(name) { return [.words(WordRule(digits: 1))] }
    if gpt4oNames.contains(name) {
      return [
        .words(WordRule(contractions: .attached, letters: .cased, slashesFollowSymbols: true))
      ]
    }
    if deepSeek3Names.contains(name) {
      return [.numbers(atMost: 3), .runs(.ideographsAndKana), .deepSeek3]
    }
    if sentencePieceNames.contains(name) { return [.lines] }
    return otherStages(name)
  }

  private static func otherStages(_ name: String) -> [SplitStage]? {
    switch name {
    case "default":
      [.runs(.punctuationAndSigns), .gpt2, .numbers(atMost: .max), .digitTriples]
    case "falcon": [.runs(.punctuationSignsAndBackquote), .gpt2, .digitTriples]
    case "qwen35": [.words(WordRule(letters: .withMarks, digits: 1))]
    case "tekken":
      [
        .words(
          WordRule(contractions: .none, letters: .cased, digits: 1, slashesFollowSymbols: true))
      ]
    case "deepseek-llm":
      [
        .newlines, .spaced(.casedLetters), .spaced(.wideMarks), .trailingWhitespace,
        .runs(.eastAsian), .numbers(atMost: .max),
      ]
    case "deepseek-coder":
      [
        .newlines, .spaced(.letters), .spaced(.punctuation), .runs(.eastAsian),
        .numbers(atMost: 1),
      ]
    case "seed-coder": [.words(WordRule(digits: 1, newlinesFollowSymbols: false))]
    case "ufakzeka": [.words(WordRule(contractions: .none, digits: 1))]
    case "minicpm5": [.numbers(atMost: 3), .words(WordRule(digits: .max))]
    case "laguna": [.lines, .words(WordRule(digits: 1))]
    case "poro-chat", "bloom", "gpt3-finnish": [.bloom]
    case "viking": [.bloom, .numbers(atMost: 1)]
    case "superbpe": [.numbers(atMost: .max), .digitTriplesFromTheRight]
    default: nil
    }
  }
}
