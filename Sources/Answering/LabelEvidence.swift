import Attribution
import Inference

/// What is known about each labelled sentence before anything is weighted.
package struct LabelEvidence: Sendable {
  package struct Sentence: Sendable {
    package let label: Label
    /// Indices into the sources that were read and into that source's sentences.
    package let source: Int
    package let sentence: Int
    /// Lexical overlap with the question.
    package let overlap: Double
    /// Cosine of the question's embedding with the sentence's.
    package let cosine: Double
    /// The same for the sentence together with the one before it, which says what "it" refers to.
    package let contextCosine: Double
    /// Whether it only asks the question again, which resembles it most and answers nothing.
    package let repeatsQuestion: Bool
    /// The cross-encoder's score, and the words of the sentence that answer if it does; nil without one.
    package let cross: CrossEncoder.Sentence?
  }

  /// The reader's log-probabilities of labels 1 to 40, then of none.
  package let reader: [Double]
  /// Ascending by label.
  package let sentences: [Sentence]

  /// The weighted term of every sentence, rounded to millionths.
  func terms(_ weights: LabelWeights) -> [Reading.Term]? {
    var terms: [Reading.Term] = []
    for sentence in sentences {
      guard let lexical = MicroNats(roundingNats: weights.lexical(sentence)),
        let semantic = MicroNats(roundingNats: weights.semantic(sentence))
      else { return nil }
      terms.append(
        Reading.Term(
          label: sentence.label, source: sentence.source, sentence: sentence.sentence,
          lexical: lexical, semantic: semantic, logProbability: 0))
    }
    return terms
  }

  /// The choice that `weights` lead to; nil where a number is not finite.
  package func reading(_ weights: LabelWeights) -> Reading? {
    guard let terms = terms(weights) else { return nil }
    let distribution = LabelDistribution(
      reader: reader, terms: terms.totals, noneTerm: weights.noneTerm)
    let logs = distribution.logProbabilities().map { MicroNats(roundingNats: $0) }
    guard let none = logs[LabelDistribution.noneIndex], !logs.contains(nil) else { return nil }
    return Reading(
      terms: terms.map { $0.with(logProbability: logs[$0.label - 1] ?? 0) },
      choices: distribution.choices(
        present: terms.map(\.label), furtherThreshold: weights.furtherThreshold,
        limit: weights.sentenceLimit),
      noneLogProbability: none)
  }
}

extension LabelWeights {
  package func lexical(_ sentence: LabelEvidence.Sentence) -> Double {
    lexical * sentence.overlap + (sentence.repeatsQuestion ? repetition : 0)
  }

  package func semantic(_ sentence: LabelEvidence.Sentence) -> Double {
    semantic * sentence.cosine + context * sentence.contextCosine
      + cross * (sentence.cross?.score ?? 0)
  }

  var noneTerm: MicroNats { MicroNats(roundingNats: none) ?? 0 }
}
