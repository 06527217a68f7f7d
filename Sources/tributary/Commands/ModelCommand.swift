import Agent
import ArgumentParser
import GGUF
import Inference
import Kernels

/// Models on this machine.
struct ModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Show models and the hash of their logits.",
    subcommands: [Info.self, Fingerprint.self], defaultSubcommand: Info.self)

  struct Info: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what a model file is.")

    @Argument(help: "A GGUF file, or 'reader' or 'embedding'.") var model = "reader"

    func run() async throws {
      let path = try ModelLocator.find(model)
      let file = try GGUFFile(path: path)
      let parameters = file.tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
      let types = Set(file.tensors.values.map(\.type.name)).sorted().joined(separator: ", ")
      print("file          \(path)")
      print("name          \(try file.optionalString("general.name") ?? "(none)")")
      print("architecture  \(try file.string("general.architecture"))")
      print("parameters    \(parameters)")
      print("tensor types  \(types)")
      print("sha256        \(try FileDigest.sha256(path))")
    }
  }

  struct Fingerprint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a hash of logits over a fixed token set.",
      discussion: "Equal on every machine, instruction set and thread count.")

    @Argument(help: "A GGUF file, or 'reader'.") var model = "reader"
    @Option(name: [.short, .long], help: "Threads.") var threads = 1

    func run() async throws {
      let backend = try Backend(threads: threads)
      let model = try LanguageModel.load(path: ModelLocator.find(model), backend: backend)
      print("engine \(engineVersion)  \(backend.isa.rawValue)  \(try model.fingerprint())")
    }
  }
}
