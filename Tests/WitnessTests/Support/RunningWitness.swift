import LedgerTestSupport
import Logging
import TestSupport
import TransparencyLog
import Witness

/// A real witness on a port of its own, in this process.
final class RunningWitness: Sendable {
  let folder: TemporaryFolder
  let verifier: CosignatureVerifier
  private let store: WitnessStore
  private let server: RunningService

  var url: String { server.url }

  init(
    folder: TemporaryFolder? = nil, name: String = "witness.example/w1", logs: [NoteVerifier],
    now: @escaping @Sendable () -> Int = { 1_795_000_000 }
  ) async throws {
    self.folder = try folder ?? TemporaryFolder()
    let store = try WitnessStore(folder: self.folder.path)
    let signer = try WitnessKey.loadOrCreate(in: self.folder.path, name: name)
    verifier = signer.verifier
    self.store = store
    server = try await RunningService { logger, onListening in
      WitnessServer(
        service: WitnessService(
          store: store, signer: signer, logs: logs,
          logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: now),
        host: "127.0.0.1", port: 0, logger: logger, onListening: onListening)
    }
  }

  func stop() async throws {
    try await server.stop()
    try store.close()
  }
}

extension HTTP {
  /// Asks the witness there to cosign.
  static func cosign(_ url: String, _ body: [UInt8]) async throws -> Answer {
    try await post(url + "/add-checkpoint", body)
  }

  static func cosign(_ url: String, _ request: AddCheckpointRequest) async throws -> Answer {
    try await cosign(url, Array(request.encoded.utf8))
  }
}

extension HTTP.Answer {
  /// The cosignature in the body, if it is one of that witness on the note.
  func cosignature(of witness: CosignatureVerifier, on note: SignedNote) throws -> Cosignature? {
    let lines = try SignedNote.signatures(encoded: Array(body.utf8))
    guard case .valid(let cosignature) = witness.verify(note.adding(lines)) else { return nil }
    return cosignature
  }
}
