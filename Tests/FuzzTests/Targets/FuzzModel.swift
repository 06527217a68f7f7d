import GGUF
import Inference
import Tokenizers

/// Reads what a model file says about itself: configuration, conversation format and tokenizer, which
/// is then used.
func fuzzModel(_ input: [UInt8]) {
  guard let file = try? GGUFFile(bytes: input, name: "fuzz") else { return }
  _ = try? Configuration(file)
  _ = try? ChatTemplate.detect(in: file)
  guard let tokenizer = try? TokenizerLoader.load(from: file) else { return }
  check(tokenizer, "Hello, wörld 42!\n  <s>▁a</s>", parseSpecial: true)
  _ = tokenizer.decode(Array(-2..<Int32(clamping: min(tokenizer.vocabularySize, 1000) + 2)))
}

/// Encodes and decodes; every id must be one of the vocabulary's.
func check(_ tokenizer: any Tokenizer, _ text: String, parseSpecial: Bool) {
  let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: parseSpecial)
  for token in tokens {
    precondition(token >= 0 && token < tokenizer.vocabularySize, "a token outside the vocabulary")
  }
  _ = tokenizer.decode(tokens)
}
