import Corpus
import Foundation
import Inference
import Kernels
import TestSupport
import Testing

@testable import Retrieval

/// The sample shards, packed, installed and searched as a person does it.
@Suite struct ShardStoreTests {
  private let folder: TemporaryFolder
  private let store: ShardStore

  private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized.path
  private static let examples = root + "/Examples/shards"
  private static let model =
    (ProcessInfo.processInfo.environment["TRIBUTARY_MODELS"] ?? root + "/Models")
    + "/embedding.gguf"

  init() throws {
    folder = try TemporaryFolder()
    store = try ShardStore(folder: folder.path + "/shards")
  }

  private func install(_ name: String, at time: Int) throws -> InstalledShard {
    let identity = try ContributorIdentity(name: name, seed: [UInt8](repeating: 7, count: 32))
    let packed = try ShardPacker.pack(
      directory: "\(Self.examples)/\(name)/documents", name: name, license: "CC0-1.0",
      identity: identity, created: 1)
    let file = "\(folder.path)/\(name).shard"
    try packed.write(to: file)
    return try store.install(file, now: time)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: examples), "needs Examples/shards"))
  func `installed, changed and removed shards are followed`() throws {
    let index = try Index(path: folder.index, embedder: WordEmbedder())
    let keeper = try install("keeper", at: 10)
    try index.synchronize(with: store)
    #expect(try index.statistics().shards == 1)
    let identity = try ContributorIdentity(name: "me")
    let notes = folder.path + "/notes.md"
    try "The zeppelin lands on Fridays.\n".write(toFile: notes, atomically: true, encoding: .utf8)
    try store.add([notes], identity: identity)
    try index.synchronize(with: store)
    let found = try index.search("When does the zeppelin land?", limit: 8, perContributor: 8)
    #expect(found.first?.chunk.contributorName == "me")
    let reference = try #require(found.first?.chunk.reference)
    let bytes = try store.document(reference.shard, reference.document)
    #expect(Array(bytes[reference.start..<reference.end]) == Array(found[0].chunk.text.utf8))
    try store.remove(keeper.root)
    try index.synchronize(with: store)
    #expect(try index.statistics().shards == 1)
    #expect(try index.search("lighthouse", limit: 8, perContributor: 8).isEmpty)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: examples), "needs Examples/shards"))
  func `a person's own copy of a contributed document stays the contributor's`() throws {
    let index = try Index(path: folder.index, embedder: WordEmbedder())
    let copies = "\(Self.examples)/keeper/documents"
    try store.add([copies], identity: try ContributorIdentity(name: "me"), now: 5)
    _ = try install("keeper", at: 10)
    try index.synchronize(with: store)
    let found = try index.search("lighthouse keeper", limit: 8, perContributor: 8)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.chunk.contributorName == "keeper" && $0.copies.count >= 1 })
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: examples)
        && FileManager.default.fileExists(atPath: model),
      "needs Examples/shards and Models/embedding.gguf"))
  func `each of the demo's questions finds the contributors that know`() throws {
    let model = try EmbeddingModel.load(path: Self.model, backend: Backend(threads: 1))
    let index = try Index(path: folder.index, embedder: FileEmbedder(model))
    for (time, name) in ["keeper", "archive", "walkers"].enumerated() {
      _ = try install(name, at: time)
    }
    try index.synchronize(with: store)
    let expected: KeyValuePairs = [
      "How tall is Kell Ness Lighthouse?": ["archive", "keeper"],
      "Who was the first keeper of the lighthouse?": ["archive", "keeper"],
      "How long is the north pier of the harbour?": ["archive"],
      "How many beds does Sheepfold Hut have?": ["walkers"],
      "When was the fog horn installed?": ["keeper"],
      "What is brannock baked from?": ["archive"],
      "How long does the crossing from Port Ennick to Carrow take?": ["archive"],
    ]
    for (question, contributors) in expected {
      let found = try index.search(question, limit: 8, perContributor: 4).prefix(4)
      print("Demo: \(question)", found.map { "\($0.chunk.contributorName) \($0.cosine)" })
      #expect(Set(contributors).isSubset(of: found.map(\.chunk.contributorName)), "\(question)")
    }
    #expect(
      try index.search("What is the capital of Mongolia?", limit: 8, perContributor: 4).isEmpty)
  }
}
