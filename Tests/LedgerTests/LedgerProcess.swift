import Foundation
import Testing

/// The built executable, as people run it.
enum LedgerProcess {
  static let binary: URL = {
    // The test bundle and the executables are built into one folder.
    let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return bundle.appending(path: "tributary-ledger")
  }()

  typealias Ending = (status: Int32, output: String, error: String)

  /// Runs a command to its end, on a thread of its own: what it talks to may be in this process.
  static func run(_ arguments: [String]) async throws -> Ending {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try runHere(arguments) })
      }
    }
  }

  private static func runHere(_ arguments: [String]) throws -> Ending {
    let process = Process()
    let (output, error) = (Pipe(), Pipe())
    process.executableURL = binary
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = error
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let problem = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: problem, as: UTF8.self)
    )
  }

  /// Starts a server and waits until it listens; it admits every agent, unless told otherwise.
  static func serve(
    _ folder: String, _ arguments: [String] = [], standardError: String? = nil
  ) throws -> (process: Process, url: String) {
    let process = Process()
    let output = Pipe()
    process.executableURL = binary
    let admission = arguments.contains("--admission") ? [] : ["--admission", "open"]
    process.arguments = ["serve", "--data", folder, "--port", "0"] + admission + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    if let standardError {
      _ = FileManager.default.createFile(atPath: standardError, contents: nil)
      process.standardError = FileHandle(forWritingAtPath: standardError)
    }
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let address = try #require(line.wholeMatch(of: /listening on (https?:\/\/.*:[0-9]+)\n/))
    return (process, String(address.1))
  }

  static func kill(_ process: Process) {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
