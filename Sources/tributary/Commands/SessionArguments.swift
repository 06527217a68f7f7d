import Agent
import ArgumentParser

/// Options of every command that answers.
struct SessionArguments: ParsableArguments {
  @Option(name: [.short, .long], help: "A GGUF file, or 'reader' for the embedded model.")
  var model: String?

  @Option(
    help: """
      'joint': passages stand in one prompt; 'independent': they do not see each other. Without it \
      the reader answers in independent, other models in joint context.
      """)
  var context: String?

  @Option(name: [.short, .long], help: "Threads of the engine (0: one per core).")
  var threads: Int?

  @Option(help: "How many passages an answer may read (1 to 8).")
  var passages: Int?

  @Option(help: "How many of these one contributor may fill.")
  var perContributor: Int?

  @Option(help: "The most tokens of an answer (chat models).")
  var maxTokens: Int = 256

  @Option(help: "Sampling temperature; 0 is greedy (chat models).")
  var temperature: Double = 0

  @Option(help: "Keep the k most probable tokens; 0 keeps all.")
  var topK: Int = 40

  @Option(help: "Keep the most probable tokens up to this mass.")
  var topP: Double = 0.95

  @Option(help: "Drop tokens below this part of the best one's probability.")
  var minP: Double = 0.05

  @Option(help: "Divide the logits of recent tokens by this.")
  var repeatPenalty: Double = 1.0

  @Option(help: "Seed of the sampler.")
  var seed: UInt64 = 0

  @Flag(help: "Refuse every use of the network.")
  var offline = false

  func validate() throws {
    try check("--temperature", temperature, 0...10)
    try check("--top-p", topP, 0...1)
    try check("--min-p", minP, 0...1)
    try check("--repeat-penalty", repeatPenalty, 0.1...10)
    guard topK >= 0 else { throw ValidationError("--top-k: found \(topK), expected 0 or more") }
    guard (1...32_768).contains(maxTokens) else {
      throw ValidationError("--max-tokens: found \(maxTokens), expected 1 to 32768")
    }
  }

  private func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws {
    guard range.contains(value) else {
      throw ValidationError(
        "\(name): found \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// The person's settings with the options of this run laid over them.
  func openSession() throws -> AgentSession {
    var options = AgentOptions()
    options.sampling = AgentOptions.Sampling(
      temperature: temperature, topK: topK, topP: topP, minP: minP, repeatPenalty: repeatPenalty,
      seed: seed, maximumTokens: maxTokens)
    options.overrides = { settings in
      if let model { settings.model = model }
      if let context { try settings.set("context", to: context) }
      if let threads { try settings.set("threads", to: String(threads)) }
      if let passages { try settings.set("passages", to: String(passages)) }
      if let perContributor {
        try settings.set("passagesPerContributor", to: String(perContributor))
      }
      if offline { settings.offline = true }
    }
    return try AgentSession(options: options)
  }
}
