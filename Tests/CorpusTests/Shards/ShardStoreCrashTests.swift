import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite("A killed process")
struct ShardStoreCrashTests {
  @Test(
    "leaves every shard installed or not, never in between",
    .enabled(
      if: PackageFolder.builtProgram("shard-exerciser") != nil,
      "needs the program shard-exerciser beside the tests"))
  func killedAnywhere() throws {
    let folder = try ShardSamples.folder()
    try folder.write("docs/long.md", String(repeating: "A line of text.\n", count: 2000))
    let shards = try (1...3).map { seed in
      let path = "\(folder.path)/\(seed).shard"
      try ShardSamples.pack(folder, seed: UInt8(seed)).write(to: path)
      return path
    }
    try folder.write("notes/a.md", "Round 0.\n")
    var survivors = 0
    for round in 0..<40 {
      try runAndKill(
        [folder.path + "/shards", folder.path + "/notes"] + shards,
        after: UInt32(round * 7919 % 40_000))
      survivors += try inspect(folder)
    }
    #expect(survivors > 0)  // The local shard at least, from the first round on.
  }

  private func runAndKill(_ arguments: [String], after microseconds: UInt32) throws {
    let process = Process(program: "shard-exerciser", arguments)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    #expect(!output.fileHandleForReading.availableData.isEmpty)  // Waits for the first round.
    usleep(microseconds)
    #expect(process.isRunning)
    process.kill()
  }

  /// Opens the store as the next start does; returns the number of shards that are visible.
  private func inspect(_ folder: TemporaryFolder) throws -> Int {
    let path = folder.path + "/shards"
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    let store = try ShardStore(folder: path)
    let (shards, damaged) = try store.inventory()
    #expect(damaged.isEmpty, "\(damaged)")
    for shard in shards {
      #expect(ShardFile.verify("\(path)/\(shard.root.hex)/shard").problems.isEmpty)
    }
    #expect(shards.count(where: \.isLocal) <= 1)
    let local = shards.contains(where: \.isLocal) ? ["local"] : []
    let expected = shards.flatMap { ["\($0.root.hex)/installed", "\($0.root.hex)/shard"] }
    #expect(try folder.files(in: "shards") == ([".lock"] + expected + local).sorted())
    return shards.count
  }
}
