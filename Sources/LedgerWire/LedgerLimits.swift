/// Bounds that agents keep and the ledger enforces.
package enum LedgerLimits {
  /// A signed batch header.
  package static let headerBytes = 1024
  /// A batch's payload as it is sent.
  package static let payloadBytes = 1 << 20
  /// A batch's payload after decoding.
  package static let contentBytes = 1 << 20
  /// Traces in a batch.
  package static let tracesPerBatch = 64
  /// A signed registration.
  package static let registrationBytes = 4096
  /// Documents whose fingerprints are in the claim to a shard.
  package static let documentsPerClaim = 1024
  /// A signed registration of a shard, with its fingerprints.
  package static let claimBytes = 320 << 10
  /// A claim to a shard: its header, its registration and their CBOR heads.
  package static let claimSubmissionBytes = ClaimHeader.maximumBytes + claimBytes + 64
  /// A display name.
  package static let nameBytes = 200
  /// The origin of a log.
  package static let originBytes = 200
  /// Submissions in one request; together they are no larger than one may be.
  package static let batchesPerRequest = 64
  /// The body of a submission: header, payload and their CBOR heads.
  package static let submissionBytes = headerBytes + payloadBytes + 64
}
