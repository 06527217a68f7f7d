import GGUF

extension Vocabulary {
  /// The score of each token, by which SentencePiece prefers one to another.
  func scores(_ file: GGUFFile) throws(GGUFError) -> [Float] {
    let key = "tokenizer.ggml.scores"
    try file.require(count, "scores", in: key)
    let scores = try file.floats(key)
    if let index = scores.firstIndex(where: { !$0.isFinite }) {
      throw GGUFError(
        file: file.path, field: "\(key)[\(index)]", found: "\(scores[index])",
        expected: "a finite number")
    }
    return scores
  }
}
