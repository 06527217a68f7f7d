import Agent
import ArgumentParser

/// Options of commands that compute stored answers again.
struct ComputingArguments: ParsableArguments {
  @Option(name: [.short, .long], help: "The model, if it is not the one of the settings.")
  var model: String?

  @Option(name: [.short, .long], help: "Threads of the engine (0: one per core).")
  var threads: Int?

  var options: AgentOptions {
    var options = AgentOptions()
    options.overrides = { [model, threads] settings in
      if let model { settings.model = model }
      if let threads { try settings.set("threads", to: String(threads)) }
    }
    return options
  }
}
