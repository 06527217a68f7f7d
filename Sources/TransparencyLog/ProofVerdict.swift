/// What a check found: a value to report, because a bad proof is an expected input.
package enum ProofVerdict: Equatable, Sendable {
  case valid
  case invalid(reason: String)

  package var isValid: Bool { self == .valid }

  /// Nil when valid.
  package var reason: String? {
    if case .invalid(let reason) = self { reason } else { nil }
  }
}
