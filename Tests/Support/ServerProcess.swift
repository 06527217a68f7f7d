import Foundation

/// A server in a process of its own, which ends with the value.
package final class ServerProcess: Sendable {
  /// The process ended, or wrote something else than where it listens.
  package struct NotListening: Error { package let output: String }

  package let url: String
  package var port: Int { url.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
  private let process: Process

  /// Starts the process and waits until it says where it listens.
  package init(_ process: Process, standardError: FileHandle = .nullDevice) throws {
    self.process = process
    let output = Pipe()
    process.standardOutput = output
    process.standardError = standardError
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      let piece = output.fileHandleForReading.availableData
      guard !piece.isEmpty else { break }
      line += String(decoding: piece, as: UTF8.self)
    }
    guard let address = line.wholeMatch(of: /listening on (https?:\/\/.*:[0-9]+)\n/) else {
      process.kill()
      throw NotListening(output: line)
    }
    url = String(address.1)
  }

  deinit {
    if process.isRunning { kill() }
  }

  package var isRunning: Bool { process.isRunning }

  package func kill() { process.kill() }

  /// Asks it to end, as an operator does, without waiting.
  package func terminate() { process.terminate() }

  /// Waits for the end; the exit status, nil if a signal ended it.
  @discardableResult
  package func wait() -> Int32? {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : nil
  }

  /// Ends it as an operator does; the exit status.
  @discardableResult
  package func stop() -> Int32? {
    terminate()
    return wait()
  }
}
