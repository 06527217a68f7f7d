/// A failure of the agent, worded for the person who asked: what happened and what to try next.
package struct AgentError: Error, CustomStringConvertible {
  /// What kind of failure it is; commands map kinds to exit codes.
  package enum Kind: Sendable {
    /// The request itself is wrong.
    case usage
    /// Something that was read is malformed.
    case badData
    /// A named thing does not exist.
    case missing
    /// A needed part is not available here.
    case unavailable
    /// A signature or hash does not verify.
    case signature
    /// An output exists already or cannot be written.
    case cannotCreate
    /// The same may succeed later.
    case tryLater
    /// The person stopped it.
    case interrupted
  }

  package let kind: Kind
  package let message: String
  /// The next command to try, if one helps.
  package let hint: String?

  package init(_ kind: Kind, _ message: String, hint: String? = nil) {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  package var description: String {
    hint.map { "\(message)\n  try: \($0)" } ?? message
  }
}
