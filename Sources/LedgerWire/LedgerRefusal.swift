/// Why the ledger did not do what it was asked, as it travels in the body of an HTTP error.
package struct LedgerRefusal: Error, Equatable, Sendable, Codable, CustomStringConvertible {
  /// The kind of refusal; each has one HTTP status.
  package enum Code: String, Sendable, Codable, CaseIterable {
    /// The request is not what the format asks for.
    case malformed
    /// A signature does not fit, or is by another key than the one named.
    case badSignature = "bad-signature"
    /// The record was made for another log.
    case wrongOrigin = "wrong-origin"
    /// Another log shard of this ledger takes it.
    case misdirected
    /// The agent's key is not registered here.
    case unknownAgent = "unknown-agent"
    /// What was asked for is not in the log.
    case notFound = "not-found"
    /// The batch does not follow the last one of this agent.
    case sequenceGap = "sequence-gap"
    /// The agent signed two different batches with one sequence number.
    case equivocation
    /// The registration lacks the proof of work or the invitation that the ledger's policy asks for.
    case notAdmitted = "not-admitted"
    /// The proof was made under terms that the ledger has changed.
    case outdatedPolicy = "outdated-policy"
    /// The agent has used up what the ledger's policy gives it; nothing was recorded.
    case overQuota = "over-quota"
    /// Somebody else registered it before.
    case taken
    /// The time in which it could be contested is over.
    case contestClosed = "contest-closed"
    /// What a contest brings along does not prove what it says.
    case notProven = "not-proven"
    case tooLarge = "too-large"
    /// A trace in the batch is not valid.
    case invalidTrace = "invalid-trace"
    /// The ledger failed; nothing was recorded.
    case `internal`
    /// Too many requests wait; nothing was recorded.
    case busy
  }

  package let error: Code
  package let field: String
  package let found: String
  package let expected: String
  /// Seconds after which the same request may be taken.
  package var retryAfter: Int?

  package init(
    _ error: Code, field: String, found: String, expected: String, retryAfter: Int? = nil
  ) {
    self.retryAfter = retryAfter
    self.error = error
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String {
    "\(error.rawValue): \(field): found \(found), expected \(expected)"
  }
}

extension LedgerRefusal.Code {
  package var httpStatus: Int {
    switch self {
    case .malformed: 400
    case .unknownAgent, .notAdmitted: 403
    case .notFound: 404
    case .sequenceGap, .equivocation, .taken, .outdatedPolicy, .contestClosed: 409
    case .tooLarge: 413
    case .misdirected: 421
    case .badSignature, .wrongOrigin, .invalidTrace, .notProven: 422
    case .overQuota: 429
    case .internal: 500
    case .busy: 503
    }
  }
}
