import Testing

@testable import Agent
@testable import Corpus

/// Which adapters an answer uses.
@Suite struct AdapterShelfTests {
  private let base = ShardAdapter.BaseModel(
    architecture: "llama", name: "m", file: Digest(sha256: [1]))

  private func contributor(_ number: UInt8) throws -> ContributorKey {
    try #require(ContributorKey(bytes: [UInt8](repeating: number, count: 32)))
  }

  private func shard(
    _ name: String, by number: UInt8, file: UInt8?, for base: ShardAdapter.BaseModel? = nil
  ) throws -> InstalledShard {
    let manifest = ShardManifest(
      name: name, license: "CC0-1.0", contributor: try contributor(number),
      contributorName: "c\(number)", created: 1, documents: [],
      adapter: file.map {
        ShardAdapter(
          name: "a.gguf", byteCount: 1, sha256: Digest(sha256: [$0]), base: base ?? self.base)
      })
    return InstalledShard(root: manifest.root, manifest: manifest, installedAt: 0, isLocal: false)
  }

  private func chunk(by number: UInt8) throws -> Chunk {
    Chunk(
      reference: ChunkReference(
        shard: Digest(sha256: [number]), document: "a.md", start: 0, end: 1),
      text: "a", sentences: [], lines: 1...1, headings: [],
      contributor: try contributor(number), contributorName: "c\(number)")
  }

  private func names(_ shards: [InstalledShard], readers: [UInt8]) throws -> [String] {
    AdapterShelf.candidates(for: base, chunks: try readers.map(chunk), shards: shards)
      .map(\.manifest.name)
  }

  @Test func contributorsOfBetterPassagesComeFirstWhateverIsInstalledFirst() throws {
    let shards = [
      try shard("one", by: 1, file: 1), try shard("plain", by: 2, file: nil),
      try shard("three", by: 3, file: 3), try shard("four", by: 4, file: 4),
    ]
    #expect(try names(shards, readers: [3, 2, 1, 3]) == ["three", "one"])
    #expect(try names(shards.reversed(), readers: [3, 2, 1, 3]) == ["three", "one"])
    #expect(try names(shards, readers: [2]) == [])
  }

  @Test func ofSeveralShardsOfAContributorTheSmallestRootCounts() throws {
    let shards = [try shard("a", by: 1, file: 1), try shard("b", by: 1, file: 2)]
    let smallest = try #require(shards.min { $0.root < $1.root }).manifest.name
    #expect(try names(shards, readers: [1]) == [smallest])
    #expect(try names(shards.reversed(), readers: [1]) == [smallest])
  }

  @Test func aCopyOfAnAdapterNeverCounts() throws {
    let shards = [try shard("original", by: 1, file: 1), try shard("copy", by: 2, file: 1)]
    #expect(try names(shards, readers: [2, 1]) == ["original"])
    #expect(try names(shards, readers: [2]) == [])
  }

  @Test func anAdapterOfAnotherModelIsNotUsed() throws {
    var other = base
    other.file = Digest(sha256: [2])
    var any = base
    any.file = nil
    let shards = [
      try shard("other", by: 1, file: 1, for: other), try shard("any", by: 2, file: 2, for: any),
    ]
    #expect(try names(shards, readers: [1, 2]) == ["any"])
  }
}
