import Foundation
import Testing
import TransparencyLog
import Witness

/// A real witness: a process of its own, which can be killed and started again where it was.
final class WitnessProcess {
  let folder: TemporaryFolder
  let name: String
  let log: NoteVerifier
  /// The address of a log whose checkpoints it reads by itself, every second.
  let follow: String?
  let port: Int
  let verifier: CosignatureVerifier
  private var process: Process

  var url: String { "http://127.0.0.1:\(port)" }

  init(_ name: String, log: NoteVerifier, follow: String? = nil) throws {
    folder = try TemporaryFolder()
    self.name = name
    self.log = log
    self.follow = follow
    (process, port) = try Self.start(folder.path, name, log, follow, port: 0)
    verifier = try WitnessKey.load(in: folder.path).verifier
  }

  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func restart() throws {
    (process, _) = try Self.start(folder.path, name, log, follow, port: port)
  }

  deinit {
    if process.isRunning { kill() }
  }

  private static func start(
    _ folder: String, _ name: String, _ log: NoteVerifier, _ follow: String?, port: Int
  ) throws -> (Process, Int) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "tributary-ledger")
    process.arguments = [
      "witness", "--data", folder, "--name", name, "--log", log.vkey, "--port", "\(port)",
    ]
    if let follow { process.arguments! += ["--follow", follow, "--follow-interval", "1"] }
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let bound = line.split(separator: ":").last.flatMap {
      Int($0.trimmingCharacters(in: .newlines))
    }
    return (process, try #require(bound))
  }
}
