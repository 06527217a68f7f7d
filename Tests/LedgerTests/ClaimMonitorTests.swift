import Corpus
import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import Testing
import TransparencyLog

@testable import Ledger

/// A monitor knows claims from batches, and reports those that the log should have refused.
@Suite struct ClaimMonitorTests {
  @Test func `a monitor reports claims, good ones and those for another log`() async throws {
    try await serving { url, ledger in
      let ada = try ContributorIdentity(name: "Ada")
      let root = Digest(sha256: [1])
      let claim = try ShardClaim.sign(
        origin: TestAgent.origin, root: root, name: "Rivers", identity: ada)
      _ = try await ledger.service.registerShard(claim.encode())
      // A log that takes what it should not.
      let foreign = try ShardClaim.sign(
        origin: "other.example/log", root: Digest(sha256: [2]), name: "Rivers", identity: ada)
      _ = try await ledger.store.integrate([.claim(foreign)], now: 1_795_000_000)
      try await ledger.store.publish()
      let verifier = ledger.store.verifier
      let state = try MonitorState(path: ledger.folder.path + "/monitor", verifier: verifier)
      let events = Mutex<[Monitor.Event]>([])
      let progress = try await TileSource.connect(to: url) { source in
        try await Monitor(source: source, state: state, verifier: verifier).check { event in
          events.withLock { $0.append(event) }
        }
      }
      #expect(progress == .init(from: 0, to: 2, problems: 1))
      let found = events.withLock { $0 }
      #expect(found.first == .claim(position: 0, contributor: ada.publicKey, root: root))
      guard case .problem(1, let reason)? = found.last else {
        Issue.record("\(found)")
        return
      }
      #expect(reason.contains("other.example/log"))
    }
  }
}
