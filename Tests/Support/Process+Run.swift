import Foundation

/// How a process ended, and what it wrote.
package struct ProcessEnding: Sendable {
  package let status: Int32
  package let output: String
  package let errors: String
}

extension Process {
  /// One of the package's programs with its arguments, to be run.
  package convenience init(program: String, _ arguments: [String]) {
    self.init()
    executableURL = PackageFolder.program(program)
    self.arguments = arguments
  }

  /// Runs it to its end; what it writes goes through files, so that no pipe can fill up.
  package func runToEnd(input: String? = nil) throws -> ProcessEnding {
    let folder = try TemporaryFolder()
    let (output, errors) = (folder.url("output"), folder.url("errors"))
    for url in [output, errors] { try Data().write(to: url) }
    standardOutput = try FileHandle(forWritingTo: output)
    standardError = try FileHandle(forWritingTo: errors)
    standardInput = FileHandle.nullDevice
    if let input {
      standardInput = try FileHandle(forReadingFrom: URL(filePath: folder.write("input", input)))
    }
    try run()
    waitUntilExit()
    return ProcessEnding(
      status: terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a program of the package to its end, on a thread of its own: what it talks to may be in
  /// this process.
  package static func run(_ program: String, _ arguments: [String]) async throws -> ProcessEnding {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result { try Process(program: program, arguments).runToEnd() })
      }
    }
  }

  /// Ends it at once, as a crash does.
  package func kill() {
    Foundation.kill(processIdentifier, SIGKILL)
    waitUntilExit()
  }
}
