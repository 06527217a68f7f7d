import Foundation
import Synchronization
import TestSupport
import TransparencyLog
import Witness

/// A real witness: a process of its own, which can be killed and started again where it was.
package final class WitnessProcess: Sendable {
  package let folder: TemporaryFolder
  package let name: String
  package let log: NoteVerifier
  /// The address of a log whose checkpoints it reads by itself, every second.
  package let follow: String?
  package let verifier: CosignatureVerifier
  private let process: Mutex<ServerProcess>

  package var url: String { process.withLock { $0.url } }
  package var port: Int { process.withLock { $0.port } }

  package init(_ name: String, log: NoteVerifier, follow: String? = nil) throws {
    folder = try TemporaryFolder()
    self.name = name
    self.log = log
    self.follow = follow
    process = Mutex(try Self.start(folder.path, name, log, follow, port: 0))
    verifier = try WitnessKey.load(in: folder.path).verifier
  }

  package func kill() { process.withLock { $0.kill() } }

  package func restart() throws {
    let again = try Self.start(folder.path, name, log, follow, port: port)
    process.withLock { $0 = again }
  }

  private static func start(
    _ folder: String, _ name: String, _ log: NoteVerifier, _ follow: String?, port: Int
  ) throws -> ServerProcess {
    let following = follow.map { ["--follow", $0, "--follow-interval", "1"] } ?? []
    return try ServerProcess(
      Process(
        program: "tributary-ledger",
        ["witness", "--data", folder, "--name", name, "--log", log.vkey, "--port", "\(port)"]
          + following))
  }
}
