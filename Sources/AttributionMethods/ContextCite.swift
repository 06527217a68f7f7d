import Attribution
import Foundation

/// ContextCite (Cohen-Wang, Shah, Georgiev, Madry 2024): a sparse linear model of the answer's logit,
/// fitted to random ablations of the context.
///
/// Its defaults: 64 ablations, each keeping every source with probability one half, and a LASSO with
/// alpha 0.01 over standardised indicators on the logit of the whole answer's probability, divided by
/// the number of its tokens.
package struct ContextCite: Sendable {
  package static let ablations = 64
  package static let alpha = 0.01

  /// The sources that each ablation keeps; they may repeat.
  package let coalitions: [Coalition]
  package let sources: Int

  package init(sources: Int, seed: UInt64, ablations: Int = Self.ablations) {
    var generator = SplitMix64(seed: seed)
    self.sources = sources
    coalitions = (0..<ablations).map { _ in
      Coalition((0..<sources).filter { _ in generator.below(2) == 1 })
    }
  }

  /// The weight of each source, in nats of the answer's logit.
  ///
  /// `values` are the answer's log-probabilities under `coalitions`, in nats.
  package func weights(values: [Double], answerTokens: Int) -> [Double] {
    fit(values: values, answerTokens: answerTokens).weights.map { $0 * Double(answerTokens) }
  }

  /// The linear model per token of the answer.
  func fit(values: [Double], answerTokens: Int) -> StandardizedLasso {
    let rows = coalitions.map { coalition in
      (0..<sources).map { coalition.contains($0) ? 1.0 : 0.0 }
    }
    return StandardizedLasso(
      rows: rows, targets: values.map { Self.logit($0) / Double(answerTokens) }, alpha: Self.alpha)
  }

  /// log(p / (1 - p)) of a log-probability.
  ///
  /// Values are whole micro-nats: a probability nearer to 1 than half of one counts as that.
  package static func logit(_ logProbability: Double) -> Double {
    let bounded = min(logProbability, -5e-7)
    return bounded - log(-expm1(bounded))
  }
}
