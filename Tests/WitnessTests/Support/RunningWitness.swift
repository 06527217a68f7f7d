import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import TransparencyLog
import Witness

/// A real witness on a port of its own, in this process.
final class RunningWitness: Sendable {
  let folder: TemporaryFolder
  let url: String
  let verifier: CosignatureVerifier
  private let store: WitnessStore
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  init(
    folder: TemporaryFolder? = nil, name: String = "witness.example/w1", logs: [NoteVerifier],
    now: @escaping @Sendable () -> Int = { 1_795_000_000 }
  ) async throws {
    self.folder = try folder ?? TemporaryFolder()
    store = try WitnessStore(folder: self.folder.path)
    let signer = try WitnessKey.loadOrCreate(in: self.folder.path, name: name)
    verifier = signer.verifier
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    let server = WitnessServer(
      service: WitnessService(
        store: store, signer: signer, logs: logs,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: now),
      host: "127.0.0.1", port: 0, logger: logger, onListening: { listening.yield($0) })
    let group = ServiceGroup(services: [server], logger: logger)
    self.group = group
    running = Task {
      defer { listening.finish() }
      try await group.run()
    }
    guard let port = await ports.first(where: { _ in true }) else {
      throw WitnessAnswer.Missing()
    }
    url = "http://127.0.0.1:\(port)"
  }

  func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running.value
    try store.close()
  }
}

/// What a witness answered.
struct WitnessAnswer: Sendable {
  struct Missing: Error {}

  let status: UInt
  let type: String?
  let body: String

  /// The cosignature in the body, if it is one of that witness on the note.
  func cosignature(of witness: CosignatureVerifier, on note: SignedNote) throws -> Cosignature? {
    let lines = try SignedNote.signatures(encoded: Array(body.utf8))
    guard case .valid(let cosignature) = witness.verify(note.adding(lines)) else { return nil }
    return cosignature
  }

  static func post(_ url: String, _ body: [UInt8]) async throws -> WitnessAnswer {
    var request = HTTPClientRequest(url: url + "/add-checkpoint")
    request.method = .POST
    request.body = .bytes(ByteBuffer(bytes: body))
    return try await execute(request)
  }

  static func post(_ url: String, _ request: AddCheckpointRequest) async throws -> WitnessAnswer {
    try await post(url, Array(request.encoded.utf8))
  }

  static func get(_ url: String) async throws -> WitnessAnswer {
    try await execute(HTTPClientRequest(url: url))
  }

  private static func execute(_ request: HTTPClientRequest) async throws -> WitnessAnswer {
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
    let body = try await response.body.collect(upTo: 1 << 20)
    return WitnessAnswer(
      status: response.status.code, type: response.headers.first(name: "content-type"),
      body: String(buffer: body))
  }
}
