import Foundation
import Testing

/// Two logs, a witness and two contributors, all of them real processes: who claimed a text first in
/// the old log takes it back in the new one.
@Suite struct ContestEndToEndTests {
  @Test func `an old claim takes back a copy, and strangers can check it all`()
    throws
  {
    let place = try Place()
    defer { place.close() }
    let (old, new) = try place.startLedgers()
    // Ada's claim in the old log, cosigned by its witness.
    let claimed = try place.ada.tributary("shard", "register", place.rivers, "--ledger", old.url)
    #expect(claimed.status == 0, "\(claimed.errors)")
    let receipt = try #require(place.receipts(beside: place.rivers).first)
    #expect(claimed.output.contains("entry 0 of old.example/log, kept in \(receipt)"))
    #expect(claimed.output.contains("earlier claim with proof may contest it"))
    // The same claim again has the same receipt.
    let bytes = try Data(contentsOf: URL(filePath: receipt))
    _ = try place.ada.tributary("shard", "register", place.rivers, "--ledger", old.url)
    #expect(try Data(contentsOf: URL(filePath: receipt)) == bytes)
    Thread.sleep(forTimeInterval: 1.2)
    // Mallory is first in the new log.
    let copied = try place.mallory.tributary("shard", "register", place.copy, "--ledger", new.url)
    #expect(copied.status == 0, "\(copied.errors)")
    let late = try place.ada.tributary("shard", "register", place.rivers, "--ledger", new.url)
    #expect(late.status == 0, "\(late.errors)")
    #expect(late.output.contains("rivers.md says what the earlier shard"))
    let manifest = try place.ada.tributary("shard", "verify", place.rivers).output
    let root = try place.value("root", of: manifest)
    let forged = try place.mallory.tributary(
      "shard", "contest", place.copy, "--receipt", receipt, "--against", root, "--ledger", new.url)
    #expect(forged.status == 65)
    #expect(forged.errors.contains("bad-signature"), "\(forged.errors)")
    let won = try place.ada.tributary(
      "shard", "contest", place.rivers, "--receipt", receipt, "--ledger", new.url)
    #expect(won.status == 0, "\(won.errors)")
    #expect(won.output.contains("1 document of"), "\(won.output)")
    let again = try place.ada.tributary(
      "shard", "contest", place.rivers, "--receipt", receipt, "--ledger", new.url)
    #expect(again.output.contains("nothing to contest"), "\(again.errors)")
    let lost = try place.mallory.tributary("shard", "register", place.copy, "--ledger", new.url)
    #expect(lost.output.contains("rivers.md says what the earlier shard"), "\(lost.output)")
    let statement = try place.statement(of: place.mallory, at: new.url)
    #expect(statement.contains("contested: 1 of 1 documents are others'"), "\(statement)")
    #expect(statement.contains("unregistered"), "\(statement)")
    // Strangers: the kept receipt with the old log's key, both logs through their files.
    let check = try place.stranger.tributary(
      "shard", "check-claim", receipt, "--log", old.vkey)
    #expect(check.status == 0 && check.output.hasSuffix("valid\n"), "\(check.errors)")
    #expect(
      try place.stranger.tributary("shard", "check-claim", receipt, "--log", new.vkey).status == 77)
    for ledger in [old, new] {
      let monitor = try place.stranger.run(
        "tributary-ledger",
        [
          "monitor", ledger.url, "--key", ledger.vkey, "--once", "--state",
          place.stranger.file("monitor-\(ledger.name)").path,
        ])
      #expect(monitor.status == 0, "\(monitor.output)")
      #expect(monitor.output.contains("claims shard"))
      let fsck = try place.stranger.run("tributary-ledger", ["fsck", "--data", ledger.folder])
      #expect(fsck.status == 0, "\(fsck.output)")
    }
  }
}

/// The processes of the test and their folders.
private final class Place {
  struct Ledger {
    let name: String
    let folder: String
    let url: String
    let vkey: String
  }

  let (ada, mallory, stranger): (Tool, Tool, Tool)
  let (rivers, copy): (String, String)
  private var processes: [Process] = []

  init() throws {
    (ada, mallory, stranger) = (try Tool(), try Tool(), try Tool())
    rivers = try Self.pack("rivers", by: ada, "Ada")
    copy = try Self.pack("streams", by: mallory, "Mallory")
  }

  func close() {
    for process in processes {
      process.terminate()
      process.waitUntilExit()
    }
    for tool in [ada, mallory, stranger] { tool.remove() }
  }

  /// The receipts of claims that are kept beside a shard's file.
  func receipts(beside shard: String) throws -> [String] {
    let folder = URL(filePath: shard).deletingLastPathComponent()
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".claim") }.map { folder.appending(path: $0).path }
  }

  /// What Mallory's statement says, who has another shard that is installed and not registered.
  func statement(of tool: Tool, at url: String) throws -> String {
    let other = tool.file("unclaimed.shard").path
    let pack = try tool.tributary(
      "shard", "pack", tool.file("documents").path, "--name", "unclaimed", "--license", "CC0-1.0",
      "--output", other)
    #expect(pack.status == 0, "\(pack.errors)")
    #expect(try tool.tributary("shard", "install", other).status == 0)
    #expect(try tool.tributary("config", "set", "ledger", url).status == 0)
    let key = try value("key", of: tool.tributary("shard", "verify", other).output)
    let statement = try tool.tributary("statement", key)
    #expect(statement.status == 0, "\(statement.errors)")
    return statement.output
  }

  /// A value in a manifest's lines.
  func value(_ name: String, of output: String) throws -> String {
    let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
    return try #require(line.split(separator: " ").last.map(String.init))
  }

  /// The old log has a witness, and the new one trusts both.
  func startLedgers() throws -> (old: Ledger, new: Ledger) {
    // Its key has to be there before its witness.
    let first = try start("old", [])
    first.process.terminate()
    first.process.waitUntilExit()
    let folder = stranger.file("witness").path
    let witness = try run([
      "witness", "--data", folder, "--name", "witness.example", "--log", first.ledger.vkey,
      "--port", "0",
    ])
    let vkey = try stranger.run("tributary-ledger", ["witness", "--data", folder, "--show-key"])
      .output.trimmingCharacters(in: .newlines)
    let old = try start("old", ["--witness", "\(witness.url)=\(vkey)"])
    let new = try start("new", ["--trust-log", old.ledger.vkey, "--trust-witness", vkey])
    processes += [witness.process, old.process, new.process]
    return (old.ledger, new.ledger)
  }

  private func start(
    _ name: String, _ arguments: [String]
  ) throws -> (ledger: Ledger, process: Process) {
    let folder = stranger.file(name).path
    let (process, url) = try run(
      [
        "serve", "--data", folder, "--port", "0", "--origin", "\(name).example/log",
        "--admission", "open",
      ] + arguments)
    let vkey = try stranger.run("tributary-ledger", ["key", "--data", folder]).output
    return (
      Ledger(
        name: name, folder: folder, url: url, vkey: vkey.trimmingCharacters(in: .newlines)),
      process
    )
  }

  private func run(_ arguments: [String]) throws -> (process: Process, url: String) {
    let process = stranger.process("tributary-ledger", arguments)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var text = ""
    while !text.contains("\n") {
      let piece = output.fileHandleForReading.availableData
      try #require(!piece.isEmpty, "it ended before it listened")
      text += String(decoding: piece, as: UTF8.self)
    }
    let url = try #require(text.split(separator: "\n").first?.split(separator: " ").last)
    return (process, String(url))
  }

  private static func pack(_ name: String, by tool: Tool, _ contributor: String) throws -> String {
    _ = try tool.write(
      """
      # The river

      The river rises in the high moor above the village and runs south through three mill ponds
      before it meets the canal. In the spring of 1852 the lock keeper counted ninety barges in one
      day, most of them with slate, and wrote their names into a book that the museum still keeps.
      """, to: "documents/rivers.md")
    #expect(try tool.tributary("key", "init", "--name", contributor).status == 0)
    let shard = tool.file("\(name).shard").path
    let pack = try tool.tributary(
      "shard", "pack", tool.file("documents").path, "--name", name, "--license", "CC0-1.0",
      "--output", shard)
    #expect(pack.status == 0, "\(pack.errors)")
    return shard
  }
}
