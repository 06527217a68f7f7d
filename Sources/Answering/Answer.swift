import Attribution
import Inference

/// An answer together with all that is needed to score it again.
package struct Answer: Sendable, Equatable {
  /// A sentence of a source that the answer quotes, or a source that it cites as a whole.
  package struct Citation: Sendable, Equatable {
    /// Index into `sources`.
    package let source: Int
    /// Index into that source's sentences; nil where the model cites the source alone.
    package let sentence: Int?

    package init(source: Int, sentence: Int?) {
      self.source = source
      self.sentence = sentence
    }
  }

  package struct Timing: Sendable, Equatable {
    /// From the call to the last token.
    package var answerSeconds: Double = 0
    /// The part of it until the first token.
    package var promptSeconds: Double = 0
  }

  package let mode: ContextMode
  package let question: String
  package let sources: [Source]
  /// What changed the model, in the order in which it was added; the embedded reader has none.
  package var adapters: [SourceAdapter] = []
  /// Indices into `sources` of those that were not read, ascending: they did not fit the context, or
  /// only repeat the question.
  package let dropped: [Int]
  package let text: String
  package let citations: [Citation]
  /// The words of the first quoted sentence that answer by themselves, if something names them.
  package var shortAnswer: String?
  /// What is scored: every label and text token of the reader, every text token of another model.
  package let tokenIDs: [Int32]
  package let promptTokens: Int
  /// The reader's labels and their terms; nil for other models.
  package let reading: Reading?
  package var timing = Timing()

  package var answerTokens: Int { tokenIDs.count }

  /// True where the model was not given the answer: no source, or none that answers.
  package var isRefusal: Bool { reading.map { $0.choices == [.none] } ?? false }
}

/// How the reader chose what to quote.
package struct Reading: Sendable, Equatable {
  /// A labelled sentence and what was added to the reader's own logit for it.
  ///
  /// Terms are whole millionths before they are added, so that what a trace records is what was used.
  package struct Term: Sendable, Equatable {
    package let label: Label
    package let source: Int
    package let sentence: Int
    /// Weighted, in millionths.
    package let lexical: MicroNats
    package let semantic: MicroNats
    /// The label's logarithmic probability with all sources present, in millionths.
    package let logProbability: MicroNats
  }

  /// Every labelled sentence, ascending by label.
  package let terms: [Term]
  /// What the answer consists of, best first.
  package let choices: [Choice]
  /// The logarithmic probability that no sentence answers, with all sources present.
  package let noneLogProbability: MicroNats

  package enum Choice: Sendable, Equatable {
    case sentence(Label)
    case none
  }
}

/// The number of a sentence, 1 to 40, as the reader's tokens name it.
package typealias Label = Int
