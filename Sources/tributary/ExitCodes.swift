import ArgumentParser

/// Exit codes after sysexits.h, plus 130 for an interrupted run.
extension ExitCode {
  /// EX_USAGE: the command line is wrong.
  static let usage = ExitCode(64)
  /// EX_DATAERR: input is malformed.
  static let badData = ExitCode(65)
  /// EX_NOINPUT: a named input does not exist.
  static let missingInput = ExitCode(66)
  /// EX_UNAVAILABLE: something this command needs is not there.
  static let unavailable = ExitCode(69)
  /// EX_CANTCREAT: an output cannot be written.
  static let cannotCreate = ExitCode(73)
  /// EX_TEMPFAIL: the same command may succeed later.
  static let tryLater = ExitCode(75)
  /// EX_NOPERM, used for signatures that do not verify.
  static let signature = ExitCode(77)
  /// The run was interrupted by the person.
  static let interrupted = ExitCode(130)
}
