import Inference

/// A question that the reader has read with all of its passages.
struct ReadQuestion {
  let passages: [KVSegment]
  /// The question's own keys and values.
  let segment: KVSegment
  /// The log-probabilities of the labels after it, then of none.
  let labels: [Double]
}

/// What an answer was made from.
struct ReaderContext {
  let question: String
  let sources: [Source]
  let prompt: [Int32]
  let layout: PassageLayout
  let read: ReadQuestion

  /// Whether valuing this answer may go on from here.
  func isOf(_ answer: Answer) -> Bool {
    answer.question == question && answer.sources == sources
      && !(read.passages + [read.segment]).contains { $0.isDamaged }
  }
}
