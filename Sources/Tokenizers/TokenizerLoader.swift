import GGUF

/// Makes the tokenizer that a GGUF file describes in its `tokenizer.ggml.*` metadata.
package enum TokenizerLoader {
  package static func load(from file: GGUFFile) throws(GGUFError) -> any Tokenizer {
    let model = try file.string("tokenizer.ggml.model")
    switch model {
    case "llama": return try SentencePieceTokenizer(file)
    case "gpt2", "gemma4": return try BytePairTokenizer(file, model: model)
    case "t5": return try UnigramTokenizer(file)
    case "bert": return try WordPieceTokenizer(file)
    default:
      throw GGUFError(
        file: file.path, field: "tokenizer.ggml.model", found: "\"\(model)\"",
        expected: "\"llama\" (SentencePiece), \"gpt2\" or \"gemma4\" (byte-pair encoding), "
          + "\"t5\" (unigram) or \"bert\" (WordPiece)")
    }
  }
}
