import Agent
import Answering
import ArgumentParser
import CBOR
import Corpus
import Foundation
import GGUF
import Inference
import Kernels
import LedgerSync
import LedgerWire
import Trace

/// An error on its way to the person: words for standard error and a code after sysexits.
struct Failure {
  let error: any Error

  init(_ error: any Error) {
    self.error = error
  }

  /// Prints what went wrong and ends the process.
  func exit(of command: (some ParsableCommand).Type) -> Never {
    guard let code else { command.exit(withError: error) }
    Terminal.note("tributary: \(error)")
    Foundation.exit(code.rawValue)
  }

  /// The code, or nil for the errors that the argument parser words itself.
  var code: ExitCode? {
    switch error {
    case let error as AgentError: Self.code(error.kind)
    case let error as ShardRefusal: error.concernsSignature ? .signature : .badData
    case let error as FileError: error.isMissing ? .missingInput : .cannotCreate
    case let error as InferenceError: error.isMissingFile ? .missingInput : .badData
    case is LedgerFailure: .tryLater
    case is Distrust: .signature
    case is GGUFError, is CorpusError, is CBORError, is TraceError, is AnswerError,
      is LedgerRefusal:
      .badData
    case is KernelError: .unavailable
    case is ExitCode, is ValidationError, is CleanExit: nil
    default: isParserError ? nil : ExitCode(70)
    }
  }

  private var isParserError: Bool {
    String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
  }

  private static func code(_ kind: AgentError.Kind) -> ExitCode {
    switch kind {
    case .usage: .usage
    case .badData: .badData
    case .missing: .missingInput
    case .unavailable: .unavailable
    case .signature: .signature
    case .cannotCreate: .cannotCreate
    case .tryLater: .tryLater
    case .interrupted: .interrupted
    }
  }
}

extension InferenceError {
  fileprivate var isMissingFile: Bool {
    if case .modelNotFound = self { true } else { false }
  }
}
