import GGUF
import Tokenizers

extension Configuration {
  /// The file's tokenizer; an error where there is none, or one with more tokens than the model has.
  func tokenizer(of file: GGUFFile) throws -> any Tokenizer {
    let tokenizer: any Tokenizer
    do { tokenizer = try TokenizerLoader.load(from: file) } catch {
      throw InferenceError.noTokenizer(file: file.path, reason: "\(error)")
    }
    guard tokenizer.vocabularySize <= shape.vocabulary else {
      throw InferenceError.noTokenizer(
        file: file.path,
        reason: "it has \(tokenizer.vocabularySize) tokens, and the embedding has "
          + "\(shape.vocabulary) rows")
    }
    return tokenizer
  }
}
