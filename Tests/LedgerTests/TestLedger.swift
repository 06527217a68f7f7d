import LedgerTestSupport
import LedgerWire
import TestSupport
import TransparencyLog

@testable import Ledger

/// A ledger without HTTP on a folder of its own.
struct TestLedger {
  let folder: TemporaryFolder
  let store: LedgerStore
  let service: LedgerService

  init(
    folder: TemporaryFolder? = nil, origin: String = TestAgent.origin,
    batching: Batching = .immediate, terms: PolicyTerms = .open,
    now: @escaping @Sendable () -> Int = { 1_795_000_000 }
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    let signer = try LedgerKey.loadOrCreate(in: self.folder.path, origin: origin)
    store = try LedgerStore(folder: self.folder.path, signer: signer, terms: terms)
    service = LedgerService(store: store, batching: batching, now: now)
  }

  func registered(_ agent: TestAgent) async throws {
    _ = try await service.registerAgent(agent.registration())
  }

  /// The number of leaves, of the latest checkpoint.
  func size() async throws -> Int {
    try await store.database.read { [store] in try store.treeSize($0) }
  }
}

extension Fsck {
  /// What is found in a log's folder; its own key is the one to check with, unless another is given.
  static func differences(
    in folder: TemporaryFolder, verifier: NoteVerifier? = nil, checksWork: Bool = false
  ) throws -> [Difference] {
    var differences: [Difference] = []
    let fsck = try Fsck(
      folder: folder.path, verifier: verifier ?? LedgerKey.load(in: folder.path).verifier,
      checksWork: checksWork, report: { differences.append($0) })
    _ = try fsck.run()
    return differences
  }
}
