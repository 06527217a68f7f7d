import Foundation
import TestSupport

/// Runs the project's own binaries as a person would, in a home of their own.
struct Tool {
  private let folder: TemporaryFolder
  var environment: [String: String] = [:]

  init() throws { folder = try TemporaryFolder() }

  func file(_ name: String) -> URL { folder.url(name) }

  func write(_ text: String, to name: String) throws -> URL {
    URL(filePath: try folder.write(name, text))
  }

  func process(_ name: String, _ arguments: [String]) -> Process {
    let process = Process(program: name, arguments)
    var variables = ProcessInfo.processInfo.environment
    variables["TRIBUTARY_HOME"] = file("home").path
    variables.merge(environment) { $1 }
    process.environment = variables
    return process
  }

  /// Changes a byte of an installed shard's file, given by the beginning of its root; from its end if
  /// the offset is negative.
  func damageShard(_ root: String, at offset: Int) throws {
    let shards = file("home/shards")
    let name = try FileManager.default.contentsOfDirectory(atPath: shards.path)
      .first { $0.hasPrefix(root) }
    let file = shards.appending(path: "\(name ?? root)/shard")
    var bytes = try Data(contentsOf: file)
    bytes[offset < 0 ? bytes.count + offset : offset] ^= 1
    try bytes.write(to: file)
  }

  func run(
    _ name: String, _ arguments: [String], input: String? = nil
  ) throws -> ProcessEnding {
    try process(name, arguments).runToEnd(input: input)
  }

  func tributary(_ arguments: String..., input: String? = nil) throws -> ProcessEnding {
    try run("tributary", arguments, input: input)
  }

  /// Deletes the home now; otherwise it goes with the value.
  func remove() { try? FileManager.default.removeItem(atPath: folder.path) }
}
