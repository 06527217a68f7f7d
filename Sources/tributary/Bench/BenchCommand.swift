import Agent
import ArgumentParser
import Foundation
import Inference
import Kernels

/// Measures the engine: tokens per second against this machine's own limits, and every kernel.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure prefill, decode and kernels against this machine's own limits.",
    discussion: """
      The first columns are llama-bench's. '% read' is decode traffic over the read bandwidth and
      '% peak' is prefill arithmetic over the integer peak (of the matrix unit where the isa is amx),
      measured in the same run. A model that fits the caches decodes faster than memory can be read:
      '% read' is then above 100.
      With --kernels, 'bound' is the limit that decides for a kernel (integer or fma peak, memory,
      cache) and '% limit' how near it comes; small kernels also pay for starting the threads.
      """)

  @Option(name: [.short, .long], help: "A GGUF file, or 'reader'.")
  var model = "reader"

  @Option(name: [.customShort("p"), .long], help: "Prompt tokens; 0 leaves prefill out.")
  var prompt = 256

  @Option(name: [.customShort("n"), .long], help: "Generated tokens; 0 leaves decode out.")
  var generate = 64

  @Option(name: [.short, .long], help: "Thread counts, separated by commas.")
  var threads = "1,2"

  @Option(name: [.short, .long], help: "Repetitions.")
  var repetitions = 5

  @Option(name: [.short, .long], help: "md, json, jsonl or csv.")
  var output = BenchFormat.md

  @Flag(help: "Show each kernel: shape, calls, time, its limit and its share of the forward pass.")
  var kernels = false

  func validate() throws {
    guard prompt >= 0, generate >= 0, prompt + generate > 0, repetitions > 0 else {
      throw ValidationError("expected -p or -n above 0, and -r above 0")
    }
    _ = try threadCounts()
  }

  func run() async throws {
    let path = try ModelLocator.find(model)
    var speeds = BenchTable(columns: BenchRows.speedColumns)
    var shapes = BenchTable(columns: BenchRows.kernelColumns)
    for count in try threadCounts() {
      let backend = try Backend(threads: count)
      let run = BenchRun(
        model: try LanguageModel.load(path: path, backend: backend), repetitions: repetitions)
      let limits = MachineLimits.measure(backend)
      if prompt > 0 {
        let samples = try run.prefill(prompt)
        speeds.rows.append(BenchRows.prefill(run, prompt, samples, limits))
      }
      if generate > 0 {
        let samples = try run.decode(generate)
        speeds.rows.append(BenchRows.decode(run, generate, samples, limits))
      }
      if kernels { shapes.rows += try BenchRows.kernels(run, prompt, generate, limits) }
    }
    print(try speeds.rendered(as: output))
    if kernels { print("\n" + (try shapes.rendered(as: output))) }
  }

  private func threadCounts() throws -> [Int] {
    try threads.split(separator: ",").map { text in
      guard let count = Int(text), (1...256).contains(count) else {
        throw ValidationError("--threads: found '\(text)', expected numbers from 1 to 256")
      }
      return count
    }
  }
}
