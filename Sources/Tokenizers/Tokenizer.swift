/// Turns text into a model's token ids and back.
package protocol Tokenizer: Sendable {
  var vocabularySize: Int { get }
  var beginOfText: Int32? { get }
  var endOfText: Int32? { get }
  var endOfTurn: Int32? { get }
  /// Whether `encode` with `addSpecial` begins with `beginOfText`.
  var addsBeginOfText: Bool { get }

  /// The tokens of `text`.
  ///
  /// - Parameters:
  ///   - addSpecial: add what the model expects around a text, such as `<s>` or `[CLS]`...`[SEP]`.
  ///   - parseSpecial: read control tokens written in the text, such as `<|im_start|>`, as those
  ///     tokens. Leave it off for text from outside.
  func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [Int32]

  /// The bytes a token adds to text: none for control tokens and ids outside the vocabulary.
  func bytes(of token: Int32) -> [UInt8]

  /// The text of `tokens`: control tokens are skipped, invalid UTF-8 is repaired.
  func decode(_ tokens: [Int32]) -> String

  /// The token whose vocabulary entry is exactly `name`, such as `<|end|>`.
  func token(named name: String) -> Int32?

  /// Whether a model that produces this token is done.
  func isEndOfGeneration(_ token: Int32) -> Bool
}
