import Corpus

/// A finished trace in its two forms: what may leave the device and what stays on it.
package struct SealedTrace: Equatable, Sendable {
  package let publicPart: PublicTrace
  /// The COSE_Sign1 message of the public part: what goes into a batch.
  package let publicBytes: [UInt8]
  /// The whole trace as it is stored: public message, private leaves and secret, compressed.
  package let storedBytes: [UInt8]

  package var id: TraceID { publicPart.id }
}

/// What verification of a stored trace found.
package enum TraceVerdict: Equatable, Sendable {
  case valid(PublicTrace)
  /// Never empty; each names the damaged field.
  case damaged([TraceError])

  package var problems: [TraceError] {
    switch self {
    case .valid: []
    case .damaged(let problems): problems
    }
  }
}
