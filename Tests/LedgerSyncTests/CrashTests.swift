import Corpus
import Foundation
import TestSupport
import Testing
import Trace

@testable import LedgerSync

/// Real processes, killed at random instants; the Benchmarks/crash harness does the same at length.
@Suite(.serialized) struct CrashTests {
  private func startLedger(_ folder: String, port: Int) throws -> ServerProcess {
    try ServerProcess(
      Process(
        program: "tributary-ledger", ["serve", "--data", folder, "--port", String(port)]))
  }

  /// Starts the exerciser, whose lines are added to the file `log`.
  private func startExerciser(
    _ home: String, _ url: String, _ options: [String] = [], log: String
  ) throws -> Process {
    let process = Process(
      program: "outbox-exerciser", ["--home", home, "--ledger", url] + options)
    let output = try FileHandle(forWritingTo: URL(filePath: log))
    try output.seekToEnd()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Runs the exerciser on one home again and again, killing it each time.
  ///
  /// Returns the traces that it said were durable. `disturb` may do something to the ledger.
  private func exercise(
    home: String, url: String, kills: Int, disturb: () throws -> Void = {}
  ) throws -> Set<String> {
    let log = home + "/output.txt"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    for _ in 0..<kills {
      let process = try startExerciser(home, url, log: log)
      usleep(UInt32.random(in: 20_000...400_000))
      try disturb()
      process.kill()
    }
    let last = try startExerciser(home, url, ["--rounds", "1"], log: log)
    last.waitUntilExit()
    #expect(last.terminationStatus == 0)
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    #expect(lines.last == "synced")
    #expect(lines.count > 4, "no process lived long enough to keep anything")
    return Set(lines.compactMap { $0.wholeMatch(of: /kept ([0-9a-f]{32})/)?.1 }.map(String.init))
  }

  /// Every durable trace is receipted, and is in the log exactly once.
  private func check(_ kept: Set<String>, home: String, ledgerFolder: String) async throws {
    let store = try TraceStore(path: home + "/traces.sqlite")
    let entries = try store.list(limit: 100_000)
    #expect(kept.isSubset(of: Set(entries.map(\.id.hex))), "an acknowledged trace is missing")
    #expect(entries.allSatisfy { $0.state == .receipted })
    let logged = try await LoggedTraces(folder: ledgerFolder)
    #expect(Set(logged.headers).count == logged.headers.count, "a leaf is there twice")
    #expect(logged.ids.count == Set(logged.ids).count, "a trace is there twice")
    #expect(Set(logged.ids) == Set(entries.map(\.id.hex)))
  }

  @Test func `killed at random instants the agent loses nothing and repeats nothing`()
    async throws
  {
    let folder = try TemporaryFolder()
    let home = folder.path + "/home"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    let ledger = try startLedger(folder.path + "/log", port: 0)
    let kept = try exercise(home: home, url: ledger.url, kills: 10)
    ledger.kill()
    try await check(kept, home: home, ledgerFolder: folder.path + "/log")
  }

  @Test func `killed at random instants together with the ledger nothing is lost either`()
    async throws
  {
    let folder = try TemporaryFolder()
    let home = folder.path + "/home"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    var ledger = try startLedger(folder.path + "/log", port: 0)
    let kept = try exercise(home: home, url: ledger.url, kills: 6) {
      ledger.kill()
      ledger = try startLedger(folder.path + "/log", port: ledger.port)
      usleep(UInt32.random(in: 0...200_000))
    }
    ledger.kill()
    try await check(kept, home: home, ledgerFolder: folder.path + "/log")
  }
}
