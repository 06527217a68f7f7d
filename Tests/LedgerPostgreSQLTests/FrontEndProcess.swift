#if PostgreSQL
  import Foundation
  import LedgerTestSupport
  import Synchronization
  import TestSupport

  /// One front end of a log, as a process that is killed and started again.
  final class FrontEnd: Sendable {
    private let folder: String
    private let arguments: [String]
    private let process = Mutex<ServerProcess?>(nil)

    init(_ folder: String, _ arguments: [String]) {
      self.folder = folder
      self.arguments = arguments
    }

    deinit { try? FileManager.default.removeItem(atPath: logPath) }

    /// Beside the folder, which is the ledger's own.
    private var logPath: String { folder + ".log" }

    /// Empty while the process is down.
    var url: String { process.withLock { $0?.url } ?? "" }

    /// Starts the process; false if it ends without listening, as while the database is away.
    func start() throws -> Bool {
      do {
        let server = try LedgerProcess.serve(folder, arguments, log: logPath)
        process.withLock { $0 = server }
        return true
      } catch is ServerProcess.NotListening {
        return false
      }
    }

    func kill() {
      let server = process.withLock { process in
        defer { process = nil }
        return process
      }
      server?.kill()
    }

    /// Ends it as an operator does; its exit code.
    func stop() -> Int32? { process.withLock { $0 }?.stop() }

    /// What it wrote on standard error.
    var wholeLog: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// The last lines of that.
    var log: String { wholeLog.split(separator: "\n").suffix(20).joined(separator: "\n") }
  }
#endif
