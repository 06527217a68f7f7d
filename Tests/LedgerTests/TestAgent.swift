import Corpus
import Foundation
import LedgerWire
import Trace

@testable import Ledger

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/tributary-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An agent that keeps its own chain of batches and can also break the rules.
struct TestAgent {
  static let origin = "test.example/log"

  let identity: ContributorIdentity
  var sequence = 0
  var previous = BatchHeader.noPrevious
  /// A batch that was sent without an answer.
  var retained: Batch?

  init(_ name: String = "agent", seed: UInt8? = nil) throws {
    identity = try ContributorIdentity(
      name: name, seed: seed.map { [UInt8](repeating: $0, count: 32) })
  }

  func registration(
    origin: String = TestAgent.origin, proof: AdmissionProof = .none
  ) throws -> [UInt8] {
    try AgentRegistration.sign(origin: origin, identity: identity, proof: proof)
  }

  /// The signed public part of a trace with these shares in ppm.
  func trace(
    _ shares: [(ContributorKey, Int)] = [], secret: TraceSecret = TraceSecret()
  ) throws -> [UInt8] {
    let record = TraceRecord(
      secret: secret, engineVersion: 1, model: Digest(sha256: Array("model".utf8)),
      modelName: "none", mode: .independent, question: "question", answer: "answer",
      players: shares.map { TracePlayer(contributor: $0.0, name: "name", sharePPM: $0.1) },
      ownKnowledgePPM: 1_000_000 - shares.reduce(0) { $0 + $1.1 })
    return try TraceCodec.seal(record, identity: identity).publicBytes
  }

  /// The next batch in the chain, without moving on.
  func batch(_ parts: [[UInt8]], origin: String = TestAgent.origin) throws -> Batch {
    try Batch.seal(
      publicParts: parts, sequence: sequence, previous: previous, origin: origin,
      identity: identity)
  }

  /// The next batch in the chain, and moves on.
  mutating func next(_ parts: [[UInt8]]) throws -> [UInt8] {
    let batch = try batch(parts)
    advance(past: batch)
    return batch.body
  }

  mutating func advance(past batch: Batch) {
    sequence = batch.header.sequence + 1
    previous = batch.hash
  }
}

extension Batch {
  /// The body of `POST /v1/batches`.
  var body: [UInt8] {
    BatchSubmission(signedHeader: signedHeader, payload: payload).encode()
  }

  /// The body that logs the header alone.
  var voidBody: [UInt8] { BatchSubmission(signedHeader: signedHeader, payload: nil).encode() }
}

/// A ledger without HTTP on a folder of its own.
struct TestLedger {
  let folder: TemporaryFolder
  let store: LedgerStore
  let service: LedgerService

  init(
    folder: TemporaryFolder? = nil, batching: Batching = .immediate, terms: PolicyTerms = .open,
    now: @escaping @Sendable () -> Int = { 1_795_000_000 }
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    let signer = try LedgerKey.loadOrCreate(in: self.folder.path, origin: TestAgent.origin)
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

/// The refusal that `body` ends in.
func refusal(_ body: () async throws -> Void) async throws -> LedgerRefusal? {
  do {
    try await body()
    return nil
  } catch let refusal as LedgerRefusal {
    return refusal
  }
}
