import Inference

/// What one run of the agent lays over the person's settings.
package struct AgentOptions {
  /// How a chat model draws its tokens; the reader quotes and draws nothing.
  package struct Sampling: Sendable, Equatable {
    package var temperature = 0.0
    package var topK = 40
    package var topP = 0.95
    package var minP = 0.05
    package var repeatPenalty = 1.0
    package var seed: UInt64 = 0
    package var maximumTokens = 256

    package init() {}

    package init(
      temperature: Double, topK: Int, topP: Double, minP: Double, repeatPenalty: Double,
      seed: UInt64, maximumTokens: Int
    ) {
      self.temperature = temperature
      self.topK = topK
      self.topP = topP
      self.minP = minP
      self.repeatPenalty = repeatPenalty
      self.seed = seed
      self.maximumTokens = maximumTokens
    }

    var sampler: Sampler {
      Sampler(
        temperature: Float(temperature), topK: topK, topP: Float(topP), minP: Float(minP),
        repeatPenalty: Float(repeatPenalty), seed: seed)
    }
  }

  package var sampling = Sampling()
  /// Changes the settings of the file for this run.
  package var overrides: (inout AgentSettings) throws -> Void = { _ in }

  package init() {}
}
