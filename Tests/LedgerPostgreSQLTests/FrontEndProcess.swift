#if PostgreSQL
  import Foundation
  import Synchronization
  import Testing

  /// One front end of a log, as a process that is killed and started again on its own port.
  final class FrontEnd: Sendable {
    private let folder: String
    private let arguments: [String]
    private let process = Mutex<Process?>(nil)
    private let address = Mutex("")

    init(_ folder: String, _ arguments: [String]) {
      self.folder = folder
      self.arguments = arguments
    }

    /// Empty while the process is down.
    var url: String { address.withLock { $0 } }

    /// Starts the process; false if it ends without listening, as while the database is away.
    func start() throws -> Bool {
      let process = Process()
      let output = Pipe()
      process.executableURL = LedgerProcess.binary
      process.arguments = ["serve", "--data", folder, "--port", "0"] + arguments
      process.standardOutput = output
      let log = folder + ".log"
      if !FileManager.default.fileExists(atPath: log) {
        _ = FileManager.default.createFile(atPath: log, contents: nil)
      }
      let handle = try #require(FileHandle(forWritingAtPath: log))
      _ = try handle.seekToEnd()
      process.standardError = handle
      try process.run()
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      guard let match = line.wholeMatch(of: /listening on (http:\/\/.*:[0-9]+)\n/) else {
        process.waitUntilExit()
        return false
      }
      self.process.withLock { $0 = process }
      address.withLock { $0 = String(match.1) }
      return true
    }

    func kill() {
      address.withLock { $0 = "" }
      guard let process = process.withLock({ $0 }) else { return }
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }

    /// Ends it as an operator does; its exit code.
    func stop() -> Int32 {
      guard let process = process.withLock({ $0 }) else { return -1 }
      process.terminate()
      process.waitUntilExit()
      return process.terminationStatus
    }

    /// The last lines that it wrote.
    var log: String {
      let text = (try? String(contentsOfFile: folder + ".log", encoding: .utf8)) ?? ""
      return text.split(separator: "\n").suffix(20).joined(separator: "\n")
    }
  }
#endif
