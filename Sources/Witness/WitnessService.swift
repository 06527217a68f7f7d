import Foundation
import Logging
import TransparencyLog

/// Cosigns checkpoints of the logs it follows, each only if it continues the last one (C2SP
/// tlog-witness), without HTTP.
package struct WitnessService: Sendable {
  let store: WitnessStore
  private let signer: CosignatureSigner
  /// The keys that are trusted for an origin, which is their name.
  private let logs: [String: [NoteVerifier]]
  private let logger: Logger
  private let now: @Sendable () -> Int

  package init(
    store: WitnessStore, signer: CosignatureSigner, logs: [NoteVerifier], logger: Logger,
    now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
  ) {
    self.store = store
    self.signer = signer
    self.logs = Dictionary(grouping: logs, by: \.name)
    self.logger = logger
    self.now = now
  }

  var origins: [String] { logs.keys.sorted() }

  /// The last checkpoint of a log that was cosigned.
  package func last(of origin: String) async throws -> Checkpoint? {
    try await store.last(origin)?.checkpoint
  }

  /// The signature lines for the checkpoint in the body of a request.
  package func addCheckpoint(_ body: [UInt8]) async throws -> String {
    let request: AddCheckpointRequest
    do throws(NoteError) {
      request = try AddCheckpointRequest(encoded: body)
    } catch {
      throw WitnessRefusal.malformed(error.description)
    }
    return try await cosign(request).line
  }

  /// Cosigns if everything holds; what was cosigned is on the disk before this returns.
  @discardableResult
  package func cosign(_ request: AddCheckpointRequest) async throws -> SignedNote.Signature {
    let checkpoint = try admit(request)
    let time = UInt64(max(0, now()))
    do {
      let (signer, note) = (signer, request.note)
      let cosigned = try await store.advance(checkpoint.origin) { last in
        try Self.check(request, checkpoint, after: last)
        let time = max(time, last?.time ?? 0)
        let line = try signer.sign(checkpoint: note.text, time: time)
        return WitnessStore.Cosigned(
          checkpoint: checkpoint, time: time, note: note.adding([line]).encoded)
      }
      // The witness's line is the last one.
      guard let line = try SignedNote(encoded: Array(cosigned.note.utf8)).signatures.last else {
        throw WitnessRefusal.malformed("the note has no signature")
      }
      return line
    } catch let refusal as WitnessRefusal {
      await report(refusal, request, checkpoint)
      throw refusal
    }
  }

  /// The checkpoint, when a trusted key of its origin signed it.
  private func admit(_ request: AddCheckpointRequest) throws(WitnessRefusal) -> Checkpoint {
    let checkpoint: Checkpoint
    do throws(NoteError) {
      checkpoint = try Checkpoint(text: request.note.text)
    } catch {
      throw .malformed(error.description)
    }
    guard let keys = logs[checkpoint.origin] else {
      throw .unknownLog(origin: String(checkpoint.origin.prefix(200)))
    }
    var reasons: [String] = []
    for key in keys {
      switch Checkpoint.verify(request.note, by: key) {
      case .invalid(let reason): reasons.append(reason)
      case .valid(let checkpoint): return try checkSizes(request, checkpoint)
      }
    }
    throw .untrusted(reasons.joined(separator: "; "))
  }

  private func checkSizes(
    _ request: AddCheckpointRequest, _ checkpoint: Checkpoint
  ) throws(WitnessRefusal) -> Checkpoint {
    guard request.oldSize <= checkpoint.size else {
      throw .malformed(
        "old size: found \(request.oldSize), expected at most the checkpoint's size, "
          + "\(checkpoint.size)")
    }
    guard checkpoint.size <= UInt64(Int64.max) else {
      throw .malformed("checkpoint size: found \(checkpoint.size), expected at most 2^63 - 1")
    }
    return checkpoint
  }

  /// Demands that a checkpoint continues the last one.
  private static func check(
    _ request: AddCheckpointRequest, _ checkpoint: Checkpoint, after last: WitnessStore.Cosigned?
  ) throws(WitnessRefusal) {
    let known = last?.checkpoint.size ?? 0
    guard request.oldSize == known else { throw .otherSize(known) }
    if let last, last.checkpoint.size == checkpoint.size, last.checkpoint.root != checkpoint.root {
      throw .fork(
        "two histories: at size \(checkpoint.size) the log \(checkpoint.origin) signed the root "
          + "\(last.checkpoint.root), which was cosigned here, and now \(checkpoint.root)")
    }
    guard known > 0, let last else {
      guard request.path.isEmpty else {
        throw .inconsistent(
          "consistency proof from size 0 has \(request.path.count) hashes, expected none")
      }
      guard checkpoint.size > 0 || checkpoint.root == .emptyTree else {
        throw .inconsistent(
          "root of the empty tree: found \(checkpoint.root), expected \(TreeHash.emptyTree)")
      }
      return
    }
    let proof = ConsistencyProof(
      oldSize: known, newSize: checkpoint.size, path: request.path)
    let verdict = proof.check(oldRoot: last.checkpoint.root, newRoot: checkpoint.root)
    if let reason = verdict.reason { throw .inconsistent(reason) }
  }

  /// Says what a log's own signature shows about it.
  private func report(
    _ refusal: WitnessRefusal, _ request: AddCheckpointRequest, _ checkpoint: Checkpoint
  ) async {
    switch refusal {
    case .fork(let reason):
      do {
        let last = try await store.last(checkpoint.origin)
        let path = try store.keepEvidence(last?.note ?? "", request.note, of: checkpoint)
        let place = path ?? "no file: the folder of evidence is full"
        logger.critical("\(reason); both are kept in \(place)")
      } catch {
        logger.critical("\(reason); this could not be written down: \(error)")
      }
    case .inconsistent(let reason):
      let (log, sizes) = (checkpoint.origin, "\(request.oldSize) to \(checkpoint.size)")
      logger.error("not cosigned: \(log), from size \(sizes): \(reason)")
    default: break
    }
  }
}
