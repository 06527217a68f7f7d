import Corpus
import Foundation
import LedgerSync
import TestSupport
import Trace
import TransparencyLog

/// One person's device: a key, a store of traces, and words that must never leave.
struct Device {
  static let canaries = ["CANARY-QUESTION", "CANARY-ANSWER", "CANARY-DOCUMENT", "CANARY-NAME"]

  let folder: TemporaryFolder
  let home: Home
  let identity: ContributorIdentity
  let store: TraceStore

  init(
    folder: TemporaryFolder? = nil,
    freeSpace: @escaping @Sendable (String) -> Int? = { _ in .max }
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    home = Home(config: self.folder.path, data: self.folder.path)
    identity = try ContributorIdentity.agent(in: home)
    store = try TraceStore(path: home.traces, freeSpace: freeSpace)
  }

  /// Keeps a new trace, in which a contributor has a third.
  @discardableResult
  func addTrace(contributor: ContributorKey? = nil) throws -> SealedTrace {
    let trace = try makeTrace(contributor: contributor)
    try store.append(trace)
    return trace
  }

  func makeTrace(contributor: ContributorKey? = nil) throws -> SealedTrace {
    let key = try contributor ?? ContributorIdentity(name: "CANARY-NAME").publicKey
    let text = "CANARY-DOCUMENT text of a passage"
    let record = TraceRecord(
      secret: TraceSecret(), engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
      modelName: "none", mode: .independent, question: "CANARY-QUESTION who?",
      answer: "CANARY-ANSWER she.", promptTokens: [1, 2, 3], answerTokens: [4, 5],
      players: [TracePlayer(contributor: key, name: "CANARY-NAME", sharePPM: 333_333)],
      ownKnowledgePPM: 666_667,
      chunks: [
        TraceChunk(
          shard: Digest(sha256: Array("shard".utf8)), document: "CANARY-DOCUMENT.md", start: 0,
          end: text.utf8.count, sha256: Digest(sha256: Array(text.utf8)), player: 0, rank: 0)
      ])
    return try TraceCodec.seal(record, identity: identity)
  }

  func synchronizer(
    _ url: String, logKey: String? = nil, witnesses: WitnessPolicy? = nil,
    invitation: String? = nil, workLimits: WorkLimits = WorkLimits(),
    timeout: Duration = .seconds(120), clock: SyncClock = .system
  ) throws -> Synchronizer {
    try Synchronizer(
      store: store, identity: identity, ledger: url, logKey: logKey,
      witnesses: witnesses, invitation: invitation, workLimits: workLimits, timeout: timeout,
      clock: clock)
  }

  /// The number of traces in a state.
  func count(_ state: TraceState) throws -> Int {
    try store.statistics().traces[state] ?? 0
  }
}
