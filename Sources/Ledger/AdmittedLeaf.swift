import LedgerWire

/// What is to become a leaf of the log, its signatures checked.
enum AdmittedLeaf: Sendable {
  case batch(AdmittedBatch)
  case claim(ShardClaim)
  /// A claim to a root that somebody else has, with the contest that is to move it.
  case contest(AdmittedContest, ShardClaim)

  /// What it holds in memory while it waits, besides its header.
  var waitingBytes: Int {
    switch self {
    case .batch(let batch): batch.content?.payload.count ?? 0
    case .claim(let claim): claim.signedRegistration.count
    case .contest(let contest, _): contest.record.count
    }
  }

  /// The documents whose clusters are looked for in the transaction that logs it.
  var documentCount: Int {
    switch self {
    case .batch: 0
    case .claim(let claim), .contest(_, let claim): claim.registration.documents.count
    }
  }
}
