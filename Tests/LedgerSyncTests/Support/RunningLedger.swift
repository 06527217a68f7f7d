import Foundation
import LedgerTestSupport
import LedgerWire
import TestSupport

@testable import Ledger

/// A real ledger on a port of its own, in this process.
final class RunningLedger: Sendable {
  static let origin = "test.example/log"

  /// Removed with the ledger, unless it belongs to somebody else.
  private let folder: TemporaryFolder?
  let store: LedgerStore
  private let server: RunningService

  var port: Int { server.port }
  var url: String { server.url }

  /// Starts on a folder, which may hold an earlier log, and on a port, or any free one.
  convenience init(
    folder: TemporaryFolder? = nil, origin: String = RunningLedger.origin, port: Int = 0,
    witnesses: Witnesses.Settings? = nil, terms: PolicyTerms = .open
  ) async throws {
    let folder = try folder ?? TemporaryFolder()
    let signer = try LedgerKey.loadOrCreate(in: folder.path, origin: origin)
    let witnesses = try witnesses.map { try Witnesses($0, logger: .silent) }
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
    server = try await RunningService { logger, onListening in
      LedgerServer(
        store: store, host: "127.0.0.1", port: port, logger: logger, onListening: onListening)
    }
  }

  func stop() async throws {
    try await server.stop()
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
