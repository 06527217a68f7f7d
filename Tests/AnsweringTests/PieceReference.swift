import Inference

@testable import Answering

/// Values of answers whose passages do not see each other, by the definition: every piece of the prompt
/// in a fresh segment, one after the other, with nothing shared and nothing in a batch.
struct PieceReference {
  let model: LanguageModel
  private let head: [Int32]
  private let tail: [Int32]
  private let prompt: ChatPrompt

  /// Takes head and tail of the prompt; passages are given as text.
  init(_ model: LanguageModel, _ prompt: ChatPrompt) throws {
    self.model = model
    self.prompt = prompt
    let pieces = try prompt.pieces(model: model.path)
    head = pieces.head
    tail = pieces.tail
  }

  func tokens(_ index: Int, _ text: String) -> [Int32] {
    prompt.tokenizer.encode(
      "[\(index + 1)] \(text)\n\n", addSpecial: false, parseSpecial: false)
  }

  /// `longest`: where the tail begins.
  func values(
    _ answer: Answer, passages: [[Int32]], longest: Int, adapters: [LoRAAdapter] = []
  ) throws -> [UInt64] {
    func read(_ tokens: [Int32], from start: Int, after attending: [KVSegment]) throws -> KVSegment
    {
      let segment = model.makeSegment(startPosition: start)
      for token in tokens {
        _ = try model.forward([
          ForwardRequest(
            tokens: [token], segment: segment, attending: attending, outputs: .none,
            adapters: adapters)
        ])
      }
      return segment
    }
    let first = try read(head, from: 0, after: [])
    let segments = try passages.map { try read($0, from: head.count, after: [first]) }
    let request = ScoreRequest(
      tokens: tail + answer.tokenIDs.dropLast(),
      targets: answer.tokenIDs.enumerated().map { (tail.count - 1 + $0, $1) },
      segment: model.makeSegment(startPosition: longest), attending: [first] + segments,
      adapters: adapters)
    return try model.logProbabilities([request])[0].map(\.bitPattern)
  }
}
