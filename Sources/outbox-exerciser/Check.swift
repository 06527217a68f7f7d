import ArgumentParser
import Corpus
import Foundation
import LedgerSync
import Trace
import TransparencyLog

/// Holds what was said to be durable against the store and the log.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that no durable trace is lost and none is logged twice.",
    discussion: """
      Ends with exit code 1 if a trace of the list is missing from the store, if one has no \
      receipt, or if the log has a leaf or a trace twice, or one that the store does not have.
      """)

  @Option(help: "The database of the traces (default: the list alone counts).")
  var traces: String?

  @Option(help: "The address of the ledger.")
  var ledger: String

  @Option(help: "A file with a line \"kept ID\" for every durable trace.")
  var kept: String?

  func run() async throws {
    let entries = try traces.map { try TraceStore(path: $0).list(limit: .max) } ?? []
    let promised = try keptIDs()
    let stored = traces == nil ? promised : Set(entries.map(\.id.hex))
    let logged = try await LedgerClient.connect(to: ledger) { try await readLog($0) }

    var problems: [String] = []
    problems += promised.subtracting(stored).sorted().map { "trace \($0) is lost" }
    problems += entries.filter { $0.state != .receipted }.map { "trace \($0.id) is \($0.state)" }
    problems += duplicates(logged.headers).map { "leaf \($0) is in the log twice" }
    problems += duplicates(logged.traces).map { "trace \($0) is in the log twice" }
    problems += stored.subtracting(logged.traces).sorted().map { "trace \($0) is not in the log" }
    if traces != nil {
      problems += Set(logged.traces).subtracting(stored).sorted()
        .map { "trace \($0) is in the log but not in the store" }
    }
    problems.forEach(say)
    say(
      "\(promised.count) promised, \(stored.count) stored, \(logged.traces.count) logged in "
        + "\(logged.headers.count) leaves, \(problems.count) problems")
    guard problems.isEmpty else { throw ExitCode(1) }
  }

  private func keptIDs() throws -> Set<String> {
    guard let kept else { return [] }
    let text = try String(contentsOfFile: kept, encoding: .utf8)
    return Set(
      text.split(separator: "\n").compactMap { $0.wholeMatch(of: /kept ([0-9a-f]{32})/)?.1 }
        .map(String.init))
  }

  private func readLog(_ client: LedgerClient) async throws -> LoggedTraces {
    let size = try Checkpoint(text: try await client.checkpoint().text).size
    var logged = LoggedTraces()
    for index in 0..<Int(clamping: size) {
      let header = try await client.entry(index)
      logged.headers.append(Digest(sha256: header).hex)
      guard let payload = try await client.payload(index) else { continue }
      let batch = try Batch.verify(signedHeader: header, payload: payload)
      logged.traces += batch.traces.map(\.id.hex)
    }
    return logged
  }

  private func duplicates(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
  }
}

/// What the log holds, by name.
private struct LoggedTraces: Sendable {
  var headers: [String] = []
  var traces: [String] = []
}
