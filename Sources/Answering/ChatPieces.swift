import Inference

/// The prompt of a chat model in pieces, each tokenised on its own: head, passages, tail.
///
/// A passage's tokens depend on its text and its number alone. All passages begin at the position
/// after the head; the tail begins where the longest of them ends, whichever are present.
struct ChatPieces: Equatable {
  /// What the system says and the beginning of the user's turn.
  let head: [Int32]
  /// In the order of their numbers.
  let passages: [[Int32]]
  /// The question, and the beginning of the answer's turn.
  let tail: [Int32]

  var passageStart: Int { head.count }
  var tailStart: Int { passages.reduce(head.count) { max($0, head.count + $1.count) } }

  /// Positions from the first to the last.
  var span: Int { tailStart + tail.count }

  var tokenCount: Int { passages.reduce(head.count + tail.count) { $0 + $1.count } }
}

extension ChatPrompt {
  /// The pieces with all numbered passages; `model` names the file in errors.
  func pieces(model: String) throws -> ChatPieces {
    // Text that neither the instructions nor the question hold.
    var marker = "<passages>"
    while (Self.instructions + question).contains(marker) { marker += "#" }
    let stretches = template.encode(messages(marker), cutAt: marker, with: tokenizer)
    return try ChatPieces(
      stretches, passages: numbered.indices.map { passage($0, sources[numbered[$0]].text) },
      model: model, template: template.style.rawValue)
  }

  /// The tokens of `text` as the passage at `index` among the numbered ones.
  func passage(_ index: Int, _ text: String) -> [Int32] {
    tokenizer.encode(Self.passage(index, text), addSpecial: false, parseSpecial: false)
  }
}

extension ChatPieces {
  /// Takes the stretches before and after the place of the passages; an error if there are not two.
  init(
    _ stretches: [[Int32]], passages: [[Int32]], model: String, template: String
  ) throws(AnswerError) {
    guard stretches.count == 2 else {
      throw .passagesNotFoundOnce(
        model: model, template: template, found: stretches.count - 1)
    }
    self.init(head: stretches[0], passages: passages, tail: stretches[1])
  }
}
