import AsyncHTTPClient
import Foundation
import LedgerWire
import NIOCore
import NIOPosix
import TransparencyLog

/// Why the ledger could not be asked now; trying again later may help.
package enum LedgerFailure: Error, Equatable, Sendable {
  case unreachable(String)
  case timeout(seconds: Int)
  case tooManyRequests(wait: Int?)
  case unwell(status: UInt, wait: Int?)
  case garbage(String)
  case answerTooLarge

  /// Seconds for which the ledger asked to be left alone.
  var wait: Int? {
    switch self {
    case .tooManyRequests(let wait), .unwell(_, let wait): wait
    default: nil
    }
  }

  init(transport error: any Error, timeout: Duration) {
    switch error {
    case is DeadlineError: self = .timeout(seconds: Int(timeout.components.seconds))
    case is NIOTooManyBytesError: self = .answerTooLarge
    case let error as HTTPClientError where error == .connectTimeout:
      self = .unreachable("no answer while connecting")
    case let error as HTTPClientError where error == .remoteConnectionClosed:
      self = .unreachable("the connection was closed before an answer came")
    case let error as NIOConnectionError:
      let reasons = error.connectionErrors.map { "\($0.error)" }
      let isRefused = reasons.contains { $0.contains("refused") }
      self = .unreachable(isRefused ? "connection refused" : "no connection to \(error.host)")
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      self = .unreachable("connection refused")
    case let error as IOError: self = .unreachable(String(cString: strerror(error.errnoCode)))
    case is HTTPClientError: self = .garbage("found no HTTP answer (\(error)), expected one")
    default: self = .garbage("found an answer that breaks HTTP, expected one that does not")
    }
  }
}

extension LedgerFailure: CustomStringConvertible {
  /// A sentence that begins with what the ledger did.
  package var description: String {
    switch self {
    case .unreachable(let reason): "The ledger cannot be reached: \(reason)."
    case .timeout(let seconds):
      "The ledger did not answer within \(Phrase.count(seconds, "second"))."
    case .tooManyRequests: "The ledger asks for fewer requests (HTTP 429)."
    case .unwell(let status, _): "The ledger has trouble of its own (HTTP \(status))."
    case .garbage(let what): "The answer is not a ledger's: \(what)."
    case .answerTooLarge:
      "The answer is not a ledger's: found more than \(LedgerClient.maximumAnswerBytes) bytes."
    }
  }
}

/// The ledger said something that its own signatures contradict, or that nobody vouches for.
package struct Distrust: Error, Equatable, Sendable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { reason }
}
