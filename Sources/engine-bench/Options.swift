import Foundation
import Inference

/// The command line of every mode: files, the model first, and numbers.
struct Options {
  var paths: [String] = []
  var threads = 1
  var rounds = 5
  var serve = false
  /// The folder of the cache of weights, for the modes that take one.
  var weightCache: String?
  /// The other options by name, each one or several numbers separated by commas.
  private var numbers: [String: [Int]] = [:]

  /// `known`: the options of the mode besides `--threads`, `--rounds` and `--serve`.
  init(_ arguments: ArraySlice<String>, files: Int, known: [String]) throws {
    var rest = arguments
    while let argument = rest.popFirst() {
      if argument == "--serve" {
        serve = true
      } else if argument == "--weight-cache", known.contains("weight-cache") {
        guard let folder = rest.popFirst() else { throw Usage("--weight-cache: expected a folder") }
        weightCache = folder
      } else if argument.hasPrefix("--") {
        let name = String(argument.dropFirst(2))
        guard known.contains(name) || ["threads", "rounds"].contains(name) else {
          throw Usage("unknown option \(argument)")
        }
        numbers[name] = try Self.numbers(name, rest.popFirst())
      } else {
        paths.append(argument)
      }
    }
    guard paths.count == files else { throw Usage("expected \(files) file(s)") }
    threads = self["threads", default: [1]][0]
    rounds = self["rounds", default: [5]][0]
  }

  /// The model file.
  var path: String { paths[0] }

  subscript(name: String, default values: [Int]) -> [Int] { numbers[name] ?? values }

  private static func numbers(_ name: String, _ text: String?) throws -> [Int] {
    let parts = (text ?? "").split(separator: ",", omittingEmptySubsequences: false)
    let found = parts.compactMap { Int($0) }.filter { $0 > 0 }
    guard found.count == parts.count else {
      throw Usage("--\(name): found \"\(text ?? "")\", expected positive numbers")
    }
    return found
  }
}

extension Options {
  /// The cache of weights for the model file, if one was asked for.
  ///
  /// A file that did not change is known by its size and time, as the agent's digests are.
  func openWeightCache() throws -> WeightCache? {
    guard let weightCache else { return nil }
    let status = try FileManager.default.attributesOfItem(atPath: path)
    let time = (status[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    let size = (status[.size] as? NSNumber)?.intValue ?? 0
    return try WeightCache(
      directory: weightCache, capacityBytes: .max, modelHash: Array("\(size) \(time)".utf8),
      onWarning: { FileHandle.standardError.write(Data("\($0)\n".utf8)) })
  }
}

/// A command line that makes no sense.
struct Usage: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// Times rounds: one for every line on standard input with `--serve`, else the best of `rounds`.
///
/// `about` is what the JSON object says besides the measured rates.
func report(
  _ options: Options, about: [String: Any], _ round: () throws -> [String: Double]
) throws {
  if options.serve {
    while readLine() != nil { try printLine(round()) }
    return
  }
  var best: [String: Double] = [:]
  for _ in 0..<options.rounds { try best.merge(round(), uniquingKeysWith: max) }
  try printLine(about.merging(best) { first, _ in first })
}

func printLine(_ object: [String: Any]) throws {
  let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
  FileHandle.standardOutput.write(data + Data("\n".utf8))
}

/// How many of something a second.
func rate(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  return Double(count) / (duration / .seconds(1))
}
