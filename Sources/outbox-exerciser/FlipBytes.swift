import ArgumentParser
import Corpus
import Foundation
import LedgerSync
import OutboxFaults

/// Changes bytes of a sample store one at a time, and looks what the agent makes of it.
struct FlipBytes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change every byte of a sample store in turn, and check what is lost and reported.",
    discussion: "Ends with exit code 1 if more than a row is lost, or something without a report.")

  @OptionGroup var surroundings: Surroundings

  @Option(help: "Only every so many bytes.")
  var every = 1

  @Option(help: "The first byte that is changed, to go on where another run ended.")
  var from = 0

  @Option(help: "What is changed in a byte: its bits under this mask.")
  var mask: UInt8 = 0xff

  func validate() throws {
    guard every > 0, from >= 0 else {
      throw ValidationError(
        "--every is \(every) and --from \(from), expected 1 or more and 0 or more")
    }
  }

  func run() async throws {
    let sweep = try await FlipSweep(folder: surroundings.home, ledger: surroundings.ledger)
    say("\(sweep.byteCount) bytes, write-ahead log \(sweep.logByteCount) bytes")
    var outcomes: [FlipSweep.Outcome] = []
    var problems = 0
    for offset in stride(from: from, to: sweep.byteCount, by: every) {
      do {
        let outcome = try await sweep.flip(offset, mask: mask)
        outcomes.append(outcome)
        guard outcome.lost > 1 || (outcome.lost + outcome.moved > 0 && outcome.reports.isEmpty)
        else { continue }
        say("byte \(offset): \(outcome.lost) lost, reports: \(outcome.reports)")
      } catch {
        say("byte \(offset): \(error)")
      }
      problems += 1
    }
    say(
      "\(outcomes.count) bytes changed: \(outcomes.count { !$0.reports.isEmpty }) found and "
        + "repaired, \(outcomes.count { $0.lost > 0 }) cost one trace's private part or the trace, "
        + "\(outcomes.count { $0.moved > 0 }) let traces be sent again, "
        + "longest \(Int((outcomes.map(\.seconds).max() ?? 0) * 1000)) ms, \(problems) problems")
    if sweep.logByteCount > 0 {
      say("the write-ahead log was left with \(sweep.logByteCount) bytes, expected none")
      problems += 1
    }
    guard problems == 0 else { throw ExitCode(1) }
  }
}
