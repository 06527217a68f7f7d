import Inference
import Tokenizers

/// The special tokens and limits of a reader model.
struct ReaderVocabulary: Sendable {
  /// Passages, and sentences in each, that one question can have.
  static let slots = 8
  static let sentencesPerSlot = 5
  static let labelCount = slots * sentencesPerSlot

  let question: Int32
  let answer: Int32
  let none: Int32
  /// By slot.
  let passages: [Int32]
  /// By label, from label 1 at index 0.
  let labels: [Int32]
  /// The position at which every question starts; passages use those below it.
  let questionPosition: Int
  let contextLength: Int

  /// Looks the tokens up by name; a model without one of them is no reader.
  init(_ model: LanguageModel) throws {
    let tokenizer = try model.tokenizer
    func token(_ name: String) throws -> Int32 {
      guard let token = tokenizer.token(named: name) else {
        throw AnswerError.notAReader(model: model.path, missing: name)
      }
      return token
    }
    question = try token("<|q|>")
    answer = try token("<|a|>")
    none = try token("<|none|>")
    passages = try (1...Self.slots).map { try token("<|d\($0)|>") }
    labels = try (1...Self.labelCount).map { try token("<|s\($0)|>") }
    questionPosition = try model.file.int("tributary.question_position")
    contextLength = model.configuration.contextLength
  }

  /// True for a model file that says it is a reader.
  static func isReader(_ model: LanguageModel) -> Bool {
    (try? model.file.optionalInt("tributary.question_position")) != nil
  }
}
