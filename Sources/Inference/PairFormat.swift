import GGUF

/// How a reranker's file wants two texts joined.
///
/// BERT: `[CLS] query [SEP] passage [SEP]`, the passage with token type 1. XLM-RoBERTa (tokenizer model
/// `t5`): `<s> query </s> </s> passage </s>`.
struct PairFormat {
  let first: Int32
  private let between: [Int32]
  let last: Int32

  init(_ file: GGUFFile, _ c: Configuration) throws {
    func token(_ names: String...) throws -> Int32 {
      let keys = names.map { "tokenizer.ggml.\($0)" }
      for key in keys {
        guard let id = try file.optionalInt(key) else { continue }
        guard (0..<c.shape.vocabulary).contains(id) else {
          throw GGUFError(
            file: file.path, field: key, found: "\(id)",
            expected: "one of \(c.shape.vocabulary) tokens")
        }
        return Int32(id)
      }
      throw GGUFError(
        file: file.path, field: keys[0], found: "no such key", expected: "a token's number")
    }
    first = try token("cls_token_id", "bos_token_id")
    // The specification spells it so.
    last = try token("seperator_token_id", "eos_token_id")
    between = try file.optionalString("tokenizer.ggml.model") == "t5" ? [last, last] : [last]
  }

  func pair(_ query: [Int32], _ passage: [Int32], _ c: Configuration) throws -> Encoder.Sequence {
    for token in query + passage where token < 0 || Int(token) >= c.shape.vocabulary {
      throw InferenceError.tokenOutOfRange(token: token, vocabulary: c.shape.vocabulary)
    }
    let beginning = [first] + query + between
    let room = c.contextLength - beginning.count - 1
    guard room > 0 else {
      throw InferenceError.contextOverflow(needed: beginning.count + 2, limit: c.contextLength)
    }
    return Encoder.Sequence(
      beginning + passage.prefix(room) + [last], firstTypeCount: beginning.count)
  }
}
