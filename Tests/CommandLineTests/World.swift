import Agent
import Foundation
import TestSupport
import Testing

/// A ledger process, the three sample shards by contributors of their own, and a reader who has
/// them installed.
final class World {
  let reader: Tool
  /// The files of the three shards.
  let shards: [URL]
  private let ledger: ServerProcess
  private let contributors: [Tool]

  init() throws {
    var reader = try Tool()
    ledger = try ServerProcess(
      reader.process(
        "tributary-ledger",
        [
          "serve", "--data", reader.file("ledger").path, "--port", "0", "--origin",
          "test.tributary.local/log",
        ]))
    let address = ledger.url
    var contributors: [Tool] = []
    var shards: [URL] = []
    for name in ["archive", "keeper", "walkers"] {
      let contributor = try Tool()
      contributors.append(contributor)
      let shard = try Self.pack(name, by: contributor)
      shards.append(shard)
      let register = try contributor.tributary(
        "shard", "register", shard.path, "--ledger", address)
      #expect(register.status == 0, "\(register.errors)")
      let install = try reader.tributary("shard", "install", shard.path)
      #expect(install.status == 0, "\(install.errors)")
    }
    self.contributors = contributors
    self.shards = shards
    #expect(try reader.tributary("config", "set", "ledger", address).status == 0)
    reader.environment["TRIBUTARY_MODELS"] =
      PackageFolder.root.appendingPathComponent("Models").path
    self.reader = reader
  }

  func close() {
    ledger.stop()
  }

  func ask(_ question: String) throws -> AnswerReport {
    let result = try reader.tributary("ask", "--json", question)
    try #require(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(AnswerReport.self, from: Data(result.output.utf8))
  }

  private static func pack(_ name: String, by tool: Tool) throws -> URL {
    let folder = PackageFolder.root.appendingPathComponent("Examples/shards/\(name)")
    let facts = try String(
      contentsOf: folder.appendingPathComponent("shard.txt"), encoding: .utf8)
    let title = try #require(
      facts.split(separator: "\n").first { $0.hasPrefix("contributor: ") }?.dropFirst(13))
    #expect(try tool.tributary("key", "init", "--name", String(title)).status == 0)
    let shard = tool.file("\(name).shard")
    let pack = try tool.tributary(
      "shard", "pack", folder.appendingPathComponent("documents").path, "--name", name,
      "--license", "CC0-1.0", "--output", shard.path)
    #expect(pack.status == 0, "\(pack.errors)")
    return shard
  }
}
