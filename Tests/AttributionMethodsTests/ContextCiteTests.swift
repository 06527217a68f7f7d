import Attribution
import Testing

@testable import AttributionMethods

@Suite struct ContextCiteTests {
  @Test func `each source is kept in about half of sixty-four ablations`() {
    let method = ContextCite(sources: 8, seed: 5)
    #expect(method.coalitions.count == 64)
    for source in 0..<8 {
      let kept = method.coalitions.count { $0.contains(source) }
      #expect((20...44).contains(kept))
    }
    #expect(method.coalitions.allSatisfy { $0.isSubset(of: .everyone(8)) })
    #expect(method.coalitions == ContextCite(sources: 8, seed: 5).coalitions)
    #expect(method.coalitions != ContextCite(sources: 8, seed: 6).coalitions)
  }

  @Test func `the logit of one half is zero and of near certainty is finite`() {
    #expect(isNear(ContextCite.logit(-0.6931471805599453), 0))
    #expect(isNear(ContextCite.logit(-2.3025850929940455), -2.197224577336219))
    #expect(ContextCite.logit(0).isFinite)
    #expect(ContextCite.logit(0) > 14)
    // Far below certainty the logit is the log-probability itself.
    #expect(isNear(ContextCite.logit(-300), -300))
  }

  @Test func `the source that decides gets the weight, less what the penalty takes`() {
    let method = ContextCite(sources: 6, seed: 2)
    // Per token: -1 with source 4, -7 without; the standardised indicator has deviation d.
    let values = method.coalitions.map { $0.contains(4) ? -10.0 : -70.0 }
    let weights = method.weights(values: values, answerTokens: 10)
    let kept = Double(method.coalitions.count { $0.contains(4) }) / 64
    let deviation = (kept * (1 - kept)).squareRoot()
    let difference = ContextCite.logit(-10) - ContextCite.logit(-70)
    #expect(isNear(weights[4], difference - 10 * 0.01 / deviation, tolerance: 1e-6))
    for source in [0, 1, 2, 3, 5] { #expect(weights[source] == 0) }
  }
}
