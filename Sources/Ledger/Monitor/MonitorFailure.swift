/// Why a monitor did not accept what a log shows.
package enum MonitorFailure: Error, Equatable, Sendable {
  /// No answer, or one that says nothing about the log; worth another try.
  case unreachable(String)
  /// A file is not what the signed checkpoint asks for.
  case damaged(String)
  /// The log signed two checkpoints of which neither continues the other, or took one back.
  case fork(Evidence)

  /// Two signed notes that anybody can check with the log's public key.
  package struct Evidence: Equatable, Sendable {
    package let reason: String
    package let seen: String
    package let shown: String
  }
}

extension MonitorFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreachable(let reason), .damaged(let reason): reason
    case .fork(let evidence):
      """
      \(evidence.reason)
      --- signed and seen before:
      \(evidence.seen)--- signed and shown now:
      \(evidence.shown)
      """
    }
  }
}
