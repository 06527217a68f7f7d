import Foundation
import TestSupport

/// `tributary-ledger`, as people run it.
package enum LedgerProcess {
  /// Runs a command to its end.
  package static func run(_ arguments: [String]) async throws -> ProcessEnding {
    try await Process.run("tributary-ledger", arguments)
  }

  /// Starts a ledger on a free port; it admits every agent, unless told otherwise.
  ///
  /// The lines it logs are added to the file `log`, if one is named.
  package static func serve(
    _ folder: String, _ arguments: [String] = [], log: String? = nil
  ) throws -> ServerProcess {
    let admission = arguments.contains("--admission") ? [] : ["--admission", "open"]
    let port = arguments.contains("--port") ? [] : ["--port", "0"]
    let process = Process(
      program: "tributary-ledger", ["serve", "--data", folder] + port + admission + arguments)
    guard let log else { return try ServerProcess(process) }
    if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(filePath: log)) }
    let lines = try FileHandle(forWritingTo: URL(filePath: log))
    try lines.seekToEnd()
    return try ServerProcess(process, standardError: lines)
  }
}
