import Foundation
import LedgerWire
import Logging
import ServiceLifecycle

@testable import Ledger

/// A real ledger on a port of its own, in this process.
final class RunningLedger: Sendable {
  static let origin = "test.example/log"

  /// Removed with the ledger, unless it belongs to somebody else.
  private let folder: TemporaryFolder?
  let port: Int
  let store: LedgerStore
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  var url: String { "http://127.0.0.1:\(port)" }

  /// Starts on a folder, which may hold an earlier log, and on a port, or any free one.
  convenience init(
    folder: TemporaryFolder? = nil, port: Int = 0, witnesses: Witnesses.Settings? = nil,
    terms: PolicyTerms = .open
  ) async throws {
    let folder = try folder ?? TemporaryFolder()
    let signer = try LedgerKey.loadOrCreate(in: folder.path, origin: Self.origin)
    let witnesses = try witnesses.map {
      try Witnesses($0, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
    let store = try LedgerStore(
      folder: folder.path, signer: signer, witnesses: witnesses, terms: terms)
    try await self.init(store: store, folder: folder, port: port)
  }

  /// Starts on the folder that another process left.
  convenience init(reading folder: String) async throws {
    let store = try LedgerStore(folder: folder, signer: LedgerKey.load(in: folder))
    try await self.init(store: store, folder: nil, port: 0)
  }

  private init(store: LedgerStore, folder: TemporaryFolder?, port: Int) async throws {
    self.store = store
    self.folder = folder
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = LedgerServer(
      store: store, host: "127.0.0.1", port: port, logger: logger,
      onListening: { listening.yield($0) })
    let group = ServiceGroup(services: [server], logger: logger)
    self.group = group
    running = Task {
      defer { listening.finish() }
      try await group.run()
    }
    guard let bound = await ports.first(where: { _ in true }) else {
      throw LedgerError(
        file: "test", field: "port", found: "\(port)", expected: "a free port")
    }
    self.port = bound
  }

  func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running.value
    try store.close()
  }

  /// Loses what it knows of its agents.
  func forgetAgents() async throws {
    try await store.database.write { _ = try $0.execute("DELETE FROM agents") }
  }

  /// Everything that was logged.
  func contents() async throws -> (headers: [[UInt8]], payloads: [[UInt8]]) {
    let size = try await store.database.read { try self.store.treeSize($0) }
    var (headers, payloads): ([[UInt8]], [[UInt8]]) = ([], [])
    for index in 0..<size {
      headers.append(try await store.entry(at: index, payload: false))
      if let payload = try? await store.entry(at: index, payload: true) {
        payloads.append(payload)
      }
    }
    return (headers, payloads)
  }
}
