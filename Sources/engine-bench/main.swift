import Foundation
import Inference
import Kernels

// Times prefill and decode of a model file and prints JSON; the model needs no tokenizer.
//   engine-bench MODEL.gguf [--threads 1] [--prefill 128,256] [--decode 32] [--rounds 5] [--serve]
// With --serve it times one round for every line on standard input, so that a script can let this
// engine and another one take turns.

struct Options {
  var path = ""
  var threads = 1
  var prefill = [128, 256]
  var decode = 32
  var rounds = 5
  var serve = false

  init?(_ arguments: [String]) {
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--serve": serve = true
      case "--threads", "--prefill", "--decode", "--rounds":
        guard let value = rest.popFirst(), set(argument, value) else { return nil }
      default:
        guard path.isEmpty, !argument.hasPrefix("-") else { return nil }
        path = argument
      }
    }
    guard !path.isEmpty else { return nil }
  }

  private mutating func set(_ name: String, _ value: String) -> Bool {
    let numbers = value.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
    guard let first = numbers.first else { return false }
    switch name {
    case "--threads": threads = first
    case "--prefill": prefill = numbers
    case "--decode": decode = first
    default: rounds = first
    }
    return true
  }
}

func fail(_ message: String, _ status: Int32) -> Never {
  FileHandle.standardError.write(Data("engine-bench: \(message)\n".utf8))
  exit(status)
}

func rate(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  return Double(count) / (duration / .seconds(1))
}

/// Tokens per second over one batch, logits of the last token included.
func prefillRate(_ model: LanguageModel, _ count: Int) throws -> Double {
  let segment = model.makeSegment()
  let tokens = (0..<count).map { Int32($0 * 7919 % model.configuration.vocabulary) }
  return try rate(count) { _ = try model.next(after: tokens, segment: segment) { $0[0] } }
}

/// Tokens per second, one at a time, after 16 tokens of prompt.
func decodeRate(_ model: LanguageModel, _ count: Int) throws -> Double {
  let vocabulary = model.configuration.vocabulary
  let segment = model.makeSegment()
  let prompt = (0..<16).map { Int32($0 * 7919 % vocabulary) }
  _ = try model.next(after: prompt, segment: segment) { $0[0] }
  return try rate(count) {
    for index in 0..<count {
      let token = Int32(index * 104_729 % vocabulary)
      _ = try model.next(after: [token], segment: segment) { $0[0] }
    }
  }
}

func round(_ model: LanguageModel, _ options: Options) throws -> [String: Double] {
  var result: [String: Double] = [:]
  for count in options.prefill { result["prefill\(count)"] = try prefillRate(model, count) }
  result["decode"] = try decodeRate(model, options.decode)
  return result
}

func printLine(_ object: [String: Any]) throws {
  let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
  FileHandle.standardOutput.write(data + Data("\n".utf8))
}

guard let options = Options(CommandLine.arguments) else {
  fail(
    "usage: engine-bench MODEL.gguf [--threads N] [--prefill N,N] [--decode N] [--rounds N] "
      + "[--serve]", 64)
}
do {
  let backend = try Backend(threads: options.threads)
  let model = try LanguageModel.load(path: options.path, backend: backend)
  _ = try prefillRate(model, 16)
  if options.serve {
    while readLine() != nil { try printLine(round(model, options)) }
  } else {
    var best: [String: Double] = [:]
    for _ in 0..<options.rounds { try best.merge(round(model, options), uniquingKeysWith: max) }
    let about: [String: Any] = [
      "isa": backend.isa.rawValue, "threads": options.threads, "model": options.path,
      "engine": engineVersion,
    ]
    try printLine(about.merging(best) { first, _ in first })
  }
} catch {
  fail("\(error)", 65)
}
