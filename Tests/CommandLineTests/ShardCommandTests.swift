import Foundation
import Testing

/// A shard's life as a person sees it.
@Suite struct ShardCommandTests {
  @Test func packedShardsVerifyInstallAndGoAway() throws {
    let tool = try Tool()
    let shard = try packed(tool)
    #expect(try tool.tributary("shard", "verify", shard.path).status == 0)
    let installed = try tool.tributary("shard", "install", shard.path)
    #expect(installed.status == 0)
    let list = try tool.tributary("shard", "list").output
    let root = try #require(list.split(separator: " ").first.map(String.init))
    #expect(try tool.tributary("shard", "show", root, "a.md").output == "# Title\n\nA fact.\n")
    #expect(try tool.tributary("shard", "remove", root).status == 0)
    #expect(try tool.tributary("shard", "list").output.contains("no shards"))
  }

  @Test func aTamperedShardIsRefusedWithTheReason() throws {
    let tool = try Tool()
    let shard = try packed(tool)
    var bytes = try Data(contentsOf: shard)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: shard)
    let result = try tool.tributary("shard", "install", shard.path)
    #expect(result.status == 65)
    #expect(result.errors.contains("a.md"))
    #expect(try tool.tributary("shard", "list").output.contains("no shards"))
  }

  @Test func aShardThatIsDamagedOnTheDiskIsNamedAndCanBeRemoved() throws {
    let tool = try Tool()
    #expect(try tool.tributary("shard", "install", packed(tool).path).status == 0)
    let root = try #require(
      try tool.tributary("shard", "list").output.split(separator: " ").first.map(String.init))
    try tool.damageShard(root, at: 0)
    let list = try tool.tributary("shard", "list")
    #expect(list.status == 65 && list.errors.contains("\(root)  damaged"))
    #expect(try tool.tributary("shard", "show", root).status == 65)
    let removed = try tool.tributary("shard", "remove", root)
    #expect(removed.status == 0 && removed.output.contains("a damaged shard (\(root))"))
    #expect(try tool.tributary("shard", "list").output.contains("no shards"))
  }

  @Test func aShardOfAnotherKeyIsRefused() throws {
    let tool = try Tool()
    let shard = try packed(tool)
    let stranger = String(repeating: "ab", count: 32)
    #expect(try tool.tributary("shard", "verify", shard.path, "--key", stranger).status == 77)
  }

  private func packed(_ tool: Tool) throws -> URL {
    _ = try tool.write("# Title\n\nA fact.\n", to: "docs/a.md")
    #expect(try tool.tributary("key", "init", "--name", "Tester").status == 0)
    let shard = tool.file("a.shard")
    let result = try tool.tributary(
      "shard", "pack", tool.file("docs").path, "--name", "facts", "--license", "CC0-1.0",
      "--output", shard.path)
    #expect(result.status == 0)
    return shard
  }
}
