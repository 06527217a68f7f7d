import ArgumentParser
import Foundation
import Inference
import Kernels

extension ModelCommand {
  struct Fingerprint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a hash of what a model computes from fixed tokens.",
      discussion: "Equal on every machine, instruction set and thread count of an engine version.")

    @Option(name: [.short, .long], help: "A GGUF file, or 'reader' or 'embedding'.")
    var model = "reader"

    @Option(name: [.short, .long], help: "Threads of the engine.")
    var threads = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
      let path = try ModelLocator.find(model)
      let print = try ModelFingerprint(path: path, backend: Backend(threads: threads))
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        Swift.print(String(decoding: try encoder.encode(print), as: UTF8.self))
        return
      }
      Swift.print("fingerprint  \(print.fingerprint)")
      Swift.print("covers       \(print.covers)")
      Swift.print("engine       \(print.engine)")
      Swift.print("isa          \(print.isa)")
      Swift.print("threads      \(print.threads)")
    }
  }
}
