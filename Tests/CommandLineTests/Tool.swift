import Foundation

/// Runs the project's own binaries as a person would, in a home of their own.
struct Tool {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The folder that SwiftPM built the test bundle into; the binaries lie beside it.
  static let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()
  static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  let home: URL
  var environment: [String: String] = [:]

  init() throws {
    home = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: home) }

  func file(_ name: String) -> URL { home.appendingPathComponent(name) }

  func write(_ text: String, to name: String) throws -> URL {
    let url = file(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return url
  }

  func process(_ name: String, _ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = Self.binaries.appendingPathComponent(name)
    process.arguments = arguments
    var variables = ProcessInfo.processInfo.environment
    variables["TRIBUTARY_HOME"] = home.appendingPathComponent("home").path
    variables.merge(environment) { $1 }
    process.environment = variables
    return process
  }

  /// Runs a command to its end; output goes through files, so that no pipe can fill up.
  func run(_ name: String, _ arguments: [String], input: String? = nil) throws -> Result {
    let process = process(name, arguments)
    let stamp = UUID().uuidString
    let (out, err) = (file("out-\(stamp)"), file("err-\(stamp)"))
    for url in [out, err] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    if let input {
      let url = try write(input, to: "in-\(stamp)")
      process.standardInput = try FileHandle(forReadingFrom: url)
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: err), as: UTF8.self))
  }

  func tributary(_ arguments: String..., input: String? = nil) throws -> Result {
    try run("tributary", arguments, input: input)
  }
}
