import Corpus
import Foundation
import LedgerWire
import TransparencyLog

/// What makes a ledger's word worth believing: one key, one history, and witnesses who saw it.
package struct LogTrust: Sendable {
  let store: TraceStore
  let client: LedgerClient
  let verifier: NoteVerifier
  /// Who has to have cosigned the checkpoint of a receipt; nil asks for nobody.
  let witnesses: WitnessPolicy?
  let now: @Sendable () -> Int

  /// Trusts the given key, the pinned one, or on first contact the one that the ledger shows; and
  /// checks that its present checkpoint continues the last one seen.
  static func establish(
    store: TraceStore, client: LedgerClient, given: NoteVerifier?,
    witnesses: WitnessPolicy? = nil, now: @escaping @Sendable () -> Int = SyncClock.system.now
  ) async throws -> (trust: LogTrust, isFirstContact: Bool) {
    let pinned = try store.ledger(client.url)?.verifier()
    var verifier = try key(store: store, ledger: client.url, given: given)
    if verifier == nil { verifier = try await client.key() }
    guard let verifier else { throw LedgerFailure.garbage("found no log key") }
    let trust = LogTrust(
      store: store, client: client, verifier: verifier, witnesses: witnesses, now: now)
    let seen = try trust.verify(try await client.checkpoint())
    if pinned == nil { try store.pin(verifier, ledger: client.url) }
    try await trust.checkHistory(seen)
    try store.keep(seen, ledger: client.url)
    return (trust, pinned == nil)
  }

  /// The key that is trusted for the log at that address before it is asked: the given one, which has
  /// to be the pinned one if there is one.
  ///
  /// - Throws: ``Distrust`` where they differ.
  package static func key(
    store: TraceStore, ledger url: String, given: NoteVerifier?
  ) throws -> NoteVerifier? {
    let pinned = try store.ledger(url)?.verifier()
    if let given, let pinned, given != pinned {
      throw Distrust(
        "The given log key \(given.vkey) is not the pinned one, \(pinned.vkey). "
          + "If the log was replaced on purpose, forget the old one: tributary sync --forget-log")
    }
    return given ?? pinned
  }

  /// A receipt that includes the entry, continues the history seen so far, and has the
  /// cosignatures of enough witnesses.
  ///
  /// A ledger gives the same receipt every time, also when it could not reach its witnesses at
  /// first; then the entry's place in its latest checkpoint is the receipt.
  func verify(
    _ receipt: LogProof, entry: [UInt8]
  ) async throws -> (receipt: LogProof, seen: SeenCheckpoint) {
    let seen = try check(receipt, entry: entry)
    guard let reason = distrust(in: receipt.note) else {
      try await checkHistory(seen)
      return (receipt, seen)
    }
    guard let later = try await laterReceipt(of: receipt), distrust(in: later.note) == nil else {
      throw Distrust(
        "The receipt is not believed without witnesses: its checkpoint of "
          + "\(seen.checkpoint.size) entries has too few cosignatures, or wrong ones: \(reason).")
    }
    let seenLater = try check(later, entry: entry)
    try await checkHistory(seenLater)
    return (later, seenLater)
  }

  private func check(_ receipt: LogProof, entry: [UInt8]) throws -> SeenCheckpoint {
    switch receipt.verify(entry: entry, by: verifier) {
    case .invalid(let reason): throw Distrust("The receipt is not valid: \(reason).")
    case .valid(let checkpoint):
      return SeenCheckpoint(checkpoint: checkpoint, note: receipt.note.encoded)
    }
  }

  /// Why a checkpoint lacks what the policy on witnesses demands.
  private func distrust(in note: SignedNote) -> String? {
    switch witnesses?.check(note, now: now()) {
    case nil, .valid: nil
    case .invalid(let reason): reason
    }
  }

  /// The same entry in the log's latest checkpoint, not yet verified.
  private func laterReceipt(of receipt: LogProof) async throws -> LogProof? {
    let note = try await client.checkpoint()
    let size = try verify(note).checkpoint.size
    guard size > receipt.leafIndex else { return nil }
    do {
      let path = try await client.inclusion(of: receipt.leafIndex, in: size)
      return LogProof(leafIndex: receipt.leafIndex, path: path, note: note)
    } catch is LedgerRefusal {
      return nil
    }
  }

  private func verify(_ note: SignedNote) throws -> SeenCheckpoint {
    switch Checkpoint.verify(note, by: verifier) {
    case .invalid(let reason):
      throw Distrust(
        "The checkpoint is not signed by the log key trusted here (\(verifier.vkey)): \(reason). "
          + "If the log was replaced on purpose, forget the old one: tributary sync --forget-log")
    case .valid(let checkpoint):
      return SeenCheckpoint(checkpoint: checkpoint, note: note.encoded)
    }
  }

  /// Demands a proof that one of two checkpoints extends the other, whichever came first.
  private func checkHistory(_ seen: SeenCheckpoint) async throws {
    guard let note = try store.ledger(client.url)?.checkpoint else { return }
    let last: Checkpoint
    do throws(NoteError) {
      last = try Checkpoint(text: SignedNote(encoded: Array(note.utf8)).text)
    } catch {
      throw CorpusError(
        store.path, field: "ledgers.checkpoint", found: error.found, expected: error.expected)
    }
    let (old, new) =
      last.size <= seen.checkpoint.size
      ? (last, seen.checkpoint) : (seen.checkpoint, last)
    guard old.size > 0 || old.size == new.size else { return }
    if old.size == new.size {
      guard old.root == new.root else {
        throw Distrust(
          "The ledger shows two histories: at size \(old.size) it signed the root \(old.root) "
            + "and the root \(new.root).")
      }
      return
    }
    try await checkGrowth(from: old, to: new)
  }

  private func checkGrowth(from old: Checkpoint, to new: Checkpoint) async throws {
    let proof: ConsistencyProof
    do {
      proof = try await client.consistency(from: old.size, to: new.size)
    } catch let refusal as LedgerRefusal {
      throw Distrust(
        "The ledger cannot prove that its log of \(new.size) entries continues the one of "
          + "\(old.size) that it signed: \(refusal).")
    }
    if let reason = proof.check(oldRoot: old.root, newRoot: new.root).reason {
      throw Distrust(
        "The ledger's log of \(new.size) entries does not continue the one of \(old.size) that "
          + "it signed: \(reason).")
    }
  }
}
