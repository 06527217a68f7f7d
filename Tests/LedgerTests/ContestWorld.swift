import Corpus
import Crypto
import Foundation
import LedgerTestSupport
import LedgerWire
import Synchronization
import Testing
import TransparencyLog

@testable import Ledger

/// A ledger that trusts an older log with three witnesses, and the people who use both.
struct World {
  static let now = 1_795_000_000
  static let oldTime = 1_700_000_000
  static let oldOrigin = "old.example/log"
  static let window = 14 * 86_400

  static let text = """
    The river rises in the high moor above the village and runs south through three mill ponds \
    before it meets the canal. In the spring of 1852 the lock keeper counted ninety barges in one \
    day, most of them with slate, and wrote their names into a book that the museum still keeps. \
    The book also tells of a flood that took the lower bridge and of the winter in which the ice \
    did not break until the second week of April, so that the mills stood still for two months.
    """
  static let nearly = text.replacing("ninety barges", with: "ninety boats")

  let ada: ContributorIdentity
  let bob: ContributorIdentity
  let mallory: ContributorIdentity
  let old: OldLog
  let ledger: TestLedger
  private let clock: Clock

  final class Clock: Sendable {
    let now = Mutex(World.now)
  }

  /// A log with one leaf at a time, signed by hand.
  struct OldLog {
    let signer: NoteSigner
    let witnesses: [CosignatureSigner]

    init(origin: String) throws {
      signer = try NoteSigner(name: origin, key: .init())
      witnesses = try (0..<3).map { try CosignatureSigner(name: "witness\($0)", key: .init()) }
    }
  }

  /// What a refusal says besides its values.
  struct Reason: Equatable {
    let error: LedgerRefusal.Code
    let field: String

    init(_ error: LedgerRefusal.Code, _ field: String) {
      self.error = error
      self.field = field
    }
  }

  init() throws {
    (ada, bob) = (try ContributorIdentity(name: "Ada"), try ContributorIdentity(name: "Bob"))
    mallory = try ContributorIdentity(name: "Mallory")
    old = try OldLog(origin: Self.oldOrigin)
    let clock = Clock()
    self.clock = clock
    let witnesses = try WitnessPolicy(witnesses: old.witnesses.map(\.verifier), quorum: 2)
    ledger = try TestLedger(
      terms: PolicyTerms(
        contests: ContestTerms(
          window: Self.window, logs: [old.signer.verifier], witnesses: witnesses)),
      now: { clock.now.withLock { $0 } })
  }

  func wait(_ seconds: Int) { clock.now.withLock { $0 += seconds } }

  func root(_ name: String) -> Corpus.Digest { Digest(sha256: Array(name.utf8)) }

  func claim(
    _ name: String, _ texts: [String], _ identity: ContributorIdentity,
    origin: String = TestAgent.origin
  ) throws -> ShardClaim {
    try ShardClaim.sign(
      origin: origin, root: root(name), name: name,
      documents: texts.map { DocumentFingerprint($0) }, identity: identity)
  }

  func register(
    _ name: String, _ texts: [String], _ identity: ContributorIdentity
  ) async throws -> ShardMessage {
    try await ledger.service.registerShard(claim(name, texts, identity).encode())
  }

  func shard(_ name: String) async throws -> ShardMessage {
    try await ledger.store.shard(root(name))
  }

  /// A claim in an older log; the times of its witnesses are the given one and earlier ones.
  func proof(
    _ name: String, _ texts: [String], _ identity: ContributorIdentity? = nil,
    at time: Int = World.oldTime, in log: OldLog? = nil, cosigners: Int = 2
  ) throws -> ClaimProof {
    let log = log ?? old
    let origin = log.signer.verifier.name
    let claim = try claim(name, texts, identity ?? ada, origin: origin)
    let note = try Checkpoint(origin: origin, size: 1, root: .leaf(claim.signedHeader))
      .sign(by: log.signer)
    // Witnesses are those that the ledger trusts, whatever the log.
    let lines = try old.witnesses.prefix(cosigners).enumerated().map { index, witness in
      try witness.sign(
        checkpoint: note.text, time: UInt64(index == 0 ? time : max(1, time - 1000)))
    }
    return ClaimProof(
      signedHeader: claim.signedHeader, signedRegistration: claim.signedRegistration,
      proof: LogProof(leafIndex: 0, path: [], note: note.adding(lines)))
  }

  /// The proof of a claim that the ledger itself has.
  func ownProof(of name: String) async throws -> ClaimProof {
    let receipt = try #require(try await shard(name).receipt)
    return ClaimProof(
      signedHeader: try await ledger.store.entry(at: receipt.index, payload: false),
      signedRegistration: try await ledger.store.entry(at: receipt.index, payload: true),
      proof: try LogProof(encoded: Array(receipt.proof.utf8)))
  }

  func contest(
    _ contested: String, _ own: String, _ proof: ClaimProof, claim: ShardClaim? = nil,
    by identity: ContributorIdentity? = nil, origin: String = TestAgent.origin
  ) throws -> [UInt8] {
    try Contest.sign(
      origin: origin, contested: try #require(Digest(hex: contested)), own: root(own),
      proof: proof, claim: claim, identity: identity ?? ada)
  }

  func refused(_ body: [UInt8]) async throws -> Reason? {
    let refusal = try await refusal { _ = try await ledger.service.contest(body) }
    return refusal.map { Reason($0.error, $0.field) }
  }

  /// What fsck finds, while the ledger runs.
  func differences() async throws -> [Difference] {
    try Fsck.differences(in: ledger.folder, verifier: ledger.store.verifier)
  }
}
