import Corpus
import Foundation
import TestSupport
import Testing

/// A ledger of two log shards and a contributor, all of them real processes.
@Suite struct LogShardEndToEndTests {
  /// The processes of two log shards.
  private final class Ledger {
    let tool: Tool
    let vkeys: [String]
    let urls: [String]
    private(set) var processes: [ServerProcess] = []

    init() throws {
      let tool = try Tool()
      self.tool = tool
      vkeys = try (0..<2).map { number in
        let made = try tool.run(
          "tributary-ledger",
          ["key", "--data", Self.folder(number, tool), "--origin", "shard\(number).example/log"])
        #expect(made.status == 0, "\(made.errors)")
        // Without the origin it is shown as it is.
        let shown = try tool.run("tributary-ledger", ["key", "--data", Self.folder(number, tool)])
        #expect(shown.output == made.output)
        return made.output.trimmingCharacters(in: .newlines)
      }
      // Below the ports that the system hands out.
      let port = Int.random(in: 20_000..<30_000)
      urls = (0..<2).map { "http://127.0.0.1:\(port + $0)" }
      processes = try (0..<2).map { try ServerProcess(process($0, list)) }
    }

    var list: [String] { zip(urls, vkeys).map { "\($0)=\($1)" } }

    static func folder(_ number: Int, _ tool: Tool) -> String { tool.file("shard\(number)").path }

    func process(_ number: Int, _ list: [String]) -> Process {
      let port = urls[number].split(separator: ":").last.map(String.init) ?? ""
      return tool.process(
        "tributary-ledger",
        [
          "serve", "--data", Self.folder(number, tool), "--port", port, "--origin",
          "shard\(number).example/log", "--work-bits", "0", "--work-memory", "1",
        ] + list.flatMap { ["--log-shard", $0] })
    }

    func close() {
      for process in processes { process.stop() }
      tool.remove()
    }
  }

  @Test func `claims go to log shard 0 through either address, and a statement asks both`() throws {
    let ledger = try Ledger()
    defer { ledger.close() }
    for number in 0..<2 {
      let tool = try Tool()
      defer { tool.remove() }
      _ = try tool.write("# River\n\nThe river rises in the moor.\n", to: "docs/river.md")
      #expect(try tool.tributary("key", "init", "--name", "Ada").status == 0)
      let shard = tool.file("rivers.shard").path
      let pack = try tool.tributary(
        "shard", "pack", tool.file("docs").path, "--name", "rivers", "--license", "CC0-1.0",
        "--output", shard)
      #expect(pack.status == 0, "\(pack.errors)")
      let register = try tool.tributary("shard", "register", shard, "--ledger", ledger.urls[number])
      #expect(register.status == 0, "\(register.errors)")
      #expect(register.output.contains("at shard0.example/log"), "\(register.output)")
      let receipt = try #require(
        try FileManager.default.contentsOfDirectory(
          atPath: tool.file("").path
        ).first { $0.hasSuffix(".claim") })
      let check = try tool.tributary(
        "shard", "check-claim", tool.file(receipt).path, "--log", ledger.vkeys[0])
      #expect(check.status == 0, "\(check.errors)")
      let contest = try tool.tributary(
        "shard", "contest", shard, "--receipt", tool.file(receipt).path, "--ledger",
        ledger.urls[number])
      #expect(contest.status == (number == 0 ? 0 : 65), "\(contest.output)")
      #expect(try tool.tributary("config", "set", "ledger", ledger.urls[number]).status == 0)
      let verify = try tool.tributary("shard", "verify", shard).output
      let key = try #require(
        verify.split(separator: "\n").first { $0.hasPrefix("key ") }?.split(separator: " ").last)
      let statement = try tool.tributary("statement", String(key))
      #expect(statement.status == 0, "\(statement.errors)")
      #expect(statement.output.contains("0 answers"), "\(statement.output)")
      // The registry is one, whatever the prefixes of the two keys.
      #expect(statement.output.contains(number == 0 ? "original" : "copy: 1 of 1"))
    }
    // A total without one of the logs is none.
    ledger.processes[1].stop()
    let reader = try Tool()
    defer { reader.remove() }
    #expect(try reader.tributary("config", "set", "ledger", ledger.urls[0]).status == 0)
    let partial = try reader.tributary("statement", String(repeating: "0", count: 64))
    #expect(partial.status == 75)
    #expect(partial.errors.contains("log shard 1 of 2, \(ledger.urls[1])"), "\(partial.errors)")
    // Ada registered at log shard 0, which keeps its list from then on.
    ledger.processes[0].stop()
    for (list, status, word) in [
      ([], 65, "found one log, expected 2 log shards"),
      (ledger.list.reversed(), 65, "its sequence would begin anew"),
      ([ledger.list[0]], 65, "expected 2 log shards"),
      ([ledger.list[0], ledger.list[0]], 64, "--log-shard: log shard 1: found the key"),
      ([ledger.list[1]], 64, "this log's own, among them"),
      (ledger.list + [ledger.list[0]], 64, "a power of two"),
      (["nonsense"], 64, "URL=VKEY"),
    ] as [([String], Int32, String)] {
      let refused = try ledger.process(0, list).runToEnd()
      #expect(refused.status == status, "\(refused.errors)")
      #expect(refused.errors.contains(word), "\(refused.errors)")
    }
    let fsck = try ledger.tool.run(
      "tributary-ledger", ["fsck", "--data", Ledger.folder(0, ledger.tool)])
    #expect(fsck.status == 0, "\(fsck.output)")
  }
}
