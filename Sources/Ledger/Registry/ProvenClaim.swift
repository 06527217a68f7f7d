import Corpus
import LedgerWire
import TransparencyLog

/// An earlier claim whose time is proven.
struct ProvenClaim: Sendable {
  let claim: ShardClaim
  /// The origin of the log that has it.
  let log: String
  let source: Source

  /// Who says when it was made.
  enum Source: Equatable, Sendable {
    /// Witnesses of another log, in seconds since 1970-01-01 UTC.
    case witnesses(Int)
    /// This log, which has it as the leaf of that index.
    case own(index: Int)
  }

  /// Checks the proof of a contest under a ledger's terms.
  static func verify(
    _ contest: Contest, terms: ContestTerms, own: NoteVerifier, now: Int
  ) throws(LedgerRefusal) -> ProvenClaim {
    if contest.proofOrigin == own.name {
      let shown = try contest.proof.verify(by: own)
      return ProvenClaim(
        claim: shown.claim, log: own.name,
        source: .own(index: Int(clamping: contest.proof.proof.leafIndex)))
    }
    // A log that changed its key is listed once with each.
    let logs = terms.logs.filter { $0.name == contest.proofOrigin }
    let signer = logs.first {
      if case .valid = contest.proof.proof.note.verify(by: $0) { true } else { false }
    }
    guard let log = signer ?? logs.first,
      let witnesses = terms.witnesses
    else {
      throw LedgerRefusal(
        .notProven, field: "contest.proof.log", found: contest.proofOrigin,
        expected: "a claim in this log, or in one that its policy names: "
          + (terms.logs.isEmpty ? "none" : terms.logs.map(\.name).joined(separator: ", ")))
    }
    let shown = try contest.proof.verify(by: log)
    switch witnesses.time(of: contest.proof.proof.note, now: now) {
    case .valid(let time):
      return ProvenClaim(claim: shown.claim, log: log.name, source: .witnesses(time))
    case .invalid(let reason):
      throw LedgerRefusal(
        .notProven, field: "contest.proof.time", found: reason,
        expected: "\(witnesses.quorum) cosignatures of the witnesses that the policy names")
    }
  }
}
