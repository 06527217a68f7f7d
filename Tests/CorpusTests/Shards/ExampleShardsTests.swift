import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite("The example shards")
struct ExampleShardsTests {
  static let examples = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("../../../Examples").standardizedFileURL

  @Test("pack whole, verify, and state who made them", arguments: ["keeper", "archive", "walkers"])
  func pack(name: String) throws {
    let folder = Self.examples.appendingPathComponent("shards/\(name)").path
    let text = try DurableFile.read(folder + "/shard.txt", maximumBytes: 1000)
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let contributor = try #require(lines.first { $0.hasPrefix("contributor: ") }).dropFirst(13)
    let license = try #require(lines.first { $0.hasPrefix("license: ") }).dropFirst(9)
    let packed = try ShardPacker.pack(
      directory: folder + "/documents", name: name, license: String(license),
      identity: ShardSamples.identity(name: String(contributor)), created: 1)
    #expect(packed.manifest.documents.count == 4)
    #expect(packed.skipped.isEmpty)
    let temporary = try TemporaryFolder()
    try packed.write(to: temporary.path + "/a.shard")
    #expect(ShardFile.verify(temporary.path + "/a.shard").problems.isEmpty)
  }
}
