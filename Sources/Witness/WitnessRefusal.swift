/// Why a witness does not cosign a checkpoint; each has its HTTP status in C2SP tlog-witness.
package enum WitnessRefusal: Error, Equatable, Sendable {
  /// The request is not what the format asks for, or its old size is above the checkpoint's.
  case malformed(String)
  /// No log of this origin is followed here.
  case unknownLog(origin: String)
  /// No key that is trusted for the origin signed the checkpoint.
  case untrusted(String)
  /// The witness cosigned another size last; the proof has to begin there.
  case otherSize(UInt64)
  /// The log signed another root for the size that was cosigned last.
  case fork(String)
  /// The proof does not lead from the checkpoint that was cosigned last to this one.
  case inconsistent(String)

  package var status: Int {
    switch self {
    case .malformed: 400
    case .unknownLog: 404
    case .untrusted: 403
    case .otherSize, .fork: 409
    case .inconsistent: 422
    }
  }
}

extension WitnessRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let reason): reason
    case .unknownLog(let origin): "origin: found \(origin), expected a log that is followed here"
    case .untrusted(let reason), .fork(let reason), .inconsistent(let reason): reason
    case .otherSize(let size): "the last cosigned checkpoint has size \(size)"
    }
  }
}
