import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite("The shard store")
struct ShardStoreTests {
  let folder: TemporaryFolder
  let store: ShardStore
  let packed: PackedShard
  var shardPath: String { folder.path + "/harbour.shard" }

  init() throws {
    folder = try ShardSamples.folder()
    store = try ShardStore(folder: folder.path + "/shards")
    packed = try ShardSamples.pack(folder)
    try packed.write(to: folder.path + "/harbour.shard")
  }

  private func installedFiles() throws -> [String] { try folder.files(in: "shards") }

  @Test("shows an installed shard with its documents, also after a new start")
  func install() throws {
    let installed = try store.install(shardPath, now: 5)
    #expect(installed.root == packed.root)
    #expect(installed.manifest == packed.manifest)
    for store in [store, try ShardStore(folder: store.folder)] {
      #expect(try store.list() == [installed])
      #expect(try store.show(packed.root) == installed)
      let text = try store.document(packed.root, "notes/bakery.txt")
      #expect(String(decoding: text, as: UTF8.self) == "It opens at six.\n")
      #expect(try store.root(withPrefix: packed.root.short) == packed.root)
    }
    #expect(throws: CorpusError.self) { try store.document(packed.root, "none.md") }
    #expect(throws: (any Error).self) { try store.document(Digest(sha256: []), "none.md") }
  }

  @Test("installs the same shard once")
  func idempotent() throws {
    let first = try store.install(shardPath, now: 5)
    #expect(try store.install(shardPath, now: 9) == first)
    #expect(try store.list().count == 1)
    #expect(try installedFiles().count == 3)
  }

  @Test("keeps nothing of a refused shard and says what is wrong with it")
  func refused() throws {
    var bytes = packed.bytes
    bytes[bytes.count - 1] ^= 1
    let path = try folder.write("bad.shard", bytes)
    let refusal = #expect(throws: ShardRefusal.self) { try store.install(path) }
    #expect(refusal?.problems == [.frameMismatch(path: "notes/bakery.txt")])
    #expect(refusal?.concernsSignature == false)
    #expect(try store.list().isEmpty)
    #expect(try installedFiles() == [".lock"])
    let eve = try ShardSamples.identity(2).publicKey
    let wrong = #expect(throws: ShardRefusal.self) { try store.install(shardPath, signedBy: eve) }
    #expect(wrong?.concernsSignature == true)
  }

  @Test("removes a shard without leaving anything")
  func remove() throws {
    try store.install(shardPath)
    #expect(try store.remove(packed.root))
    #expect(try store.list().isEmpty)
    #expect(try installedFiles() == [".lock"])
    #expect(try !store.remove(packed.root))
  }

  @Test("reports damage on the disk, refuses the damaged text, and installing again mends it")
  func damage() throws {
    try store.install(shardPath)
    let file = "\(store.folder)/\(packed.root.hex)/shard"
    var bytes = packed.bytes
    bytes[bytes.count - 1] ^= 1
    try DurableFile.write(bytes, to: file)
    #expect(throws: ShardProblem.frameMismatch(path: "notes/bakery.txt")) {
      try store.document(packed.root, "notes/bakery.txt")
    }
    bytes[20] ^= 1
    try DurableFile.write(bytes, to: file)
    let fresh = try ShardStore(folder: store.folder)
    #expect(try fresh.list().isEmpty)
    #expect(try fresh.inventory().damaged.map(\.root) == [packed.root])
    try fresh.install(shardPath)
    #expect(try fresh.inventory().damaged.isEmpty)
    #expect(try fresh.document(packed.root, "notes/bakery.txt").count == 17)
  }

  @Test("clears what a killed process left in staging")
  func staging() throws {
    try folder.write("shards/.staging/x/shard", "half")
    #expect(try store.list().isEmpty)
    _ = try ShardStore(folder: store.folder)
    #expect(try installedFiles() == [".lock"])
  }
}

@Suite("The local shard")
struct LocalShardTests {
  let folder: TemporaryFolder
  let store: ShardStore
  let identity: ContributorIdentity
  var notes: String { folder.path + "/notes" }

  init() throws {
    folder = try TemporaryFolder()
    store = try ShardStore(folder: folder.path + "/shards")
    identity = try ShardSamples.identity()
    try folder.write("notes/a.md", "Alpha.")
    try folder.write("notes/sub/b.txt", "Beta.")
  }

  @discardableResult
  private func add(_ paths: [String]) throws -> LocalUpdate {
    try store.add(paths, identity: identity, homeFolder: folder.path)
  }

  @Test("holds added folders and files under their path")
  func add() throws {
    let one = try folder.write("one.md", "One.")
    try folder.write("notes/picture.png", "")
    let update = try add([notes, one])
    #expect(update.added == ["~/notes/a.md", "~/notes/sub/b.txt", "~/one.md"])
    #expect(update.skipped == ["~/notes/picture.png"])
    let shard = try #require(try store.list().first)
    #expect(shard.isLocal && shard.root == update.root)
    #expect(shard.manifest.contributor == identity.publicKey)
    #expect(try store.document(shard.root, "~/one.md") == Array("One.".utf8))
    #expect(ShardFile.verify("\(store.folder)/\(shard.root.hex)/shard").problems.isEmpty)
  }

  @Test("is not written again when nothing changed")
  func unchanged() throws {
    let first = try add([notes])
    let file = "\(store.folder)/\(try #require(first.root).hex)/shard"
    let before = try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int
    let again = try add([notes])
    #expect(again.root == first.root)
    #expect(again.unchanged == ["~/notes/a.md", "~/notes/sub/b.txt"])
    let after = try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int
    #expect(before == after)
  }

  @Test("is replaced by a new root when files change, come or go, and the old one is gone")
  func changed() throws {
    let first = try #require(try add([notes]).root)
    try folder.write("notes/a.md", "Alpha 2.")
    try folder.write("notes/c.md", "Gamma.")
    try FileManager.default.removeItem(atPath: notes + "/sub/b.txt")
    let update = try add([notes])
    #expect(update.changed == ["~/notes/a.md"])
    #expect(update.added == ["~/notes/c.md"])
    #expect(update.removed == ["~/notes/sub/b.txt"])
    let root = try #require(update.root)
    #expect(try store.list().map(\.root) == [root])
    #expect(root != first)
    #expect(try store.document(root, "~/notes/a.md") == Array("Alpha 2.".utf8))
    #expect(try folder.files(in: "shards").count == 4)  // lock, pointer, shard, record
  }

  @Test("keeps the documents of other folders when one is added again")
  func scopes() throws {
    try folder.write("notes2/z.md", "Zeta.")
    try add([notes, folder.path + "/notes2"])
    let update = try add([notes])
    #expect(update.removed.isEmpty)
    let root = try #require(update.root)
    #expect(try store.document(root, "~/notes2/z.md") == Array("Zeta.".utf8))
  }

  @Test("can be removed and started anew")
  func remove() throws {
    let root = try #require(try add([notes]).root)
    try store.remove(root)
    #expect(try folder.files(in: "shards") == [".lock"])
    #expect(try add([notes]).added.count == 2)
  }

  @Test("shows the old version when a process died before the pointer moved")
  func interrupted() throws {
    let first = try #require(try add([notes]).root)
    try folder.write("notes/a.md", "Alpha 2.")
    let second = try #require(try add([notes]).root)
    // What a process leaves that was killed between publishing the new shard and the pointer.
    try folder.write("notes/a.md", "Alpha.")
    _ = first
    try add([notes])
    let third = try #require(try store.list().first?.root)
    let packed = try ShardPacker.assemble(
      [PackedDocument(path: "new.md", text: [65])], name: "n", license: "l", identity: identity,
      created: 1)
    try folder.write("shards/\(packed.root.hex)/shard", packed.bytes)
    try folder.write(
      "shards/\(packed.root.hex)/installed",
      InstallationRecord(installedAt: 1, isLocal: true).encode())
    #expect(try store.list().map(\.root) == [third])
    #expect(try ShardStore(folder: store.folder).list().map(\.root) == [third])
    #expect(try folder.files(in: "shards").count == 4)
    #expect(second != third)
  }

  @Test("refuses files that are no documents, and bytes that are not UTF-8, changing nothing")
  func refusals() throws {
    try add([notes])
    let before = try store.list()
    let image = try folder.write("x.png", "")
    #expect(throws: CorpusError.self) { try add([image]) }
    #expect(throws: FileError.self) { try add([folder.path + "/none.md"]) }
    let bad = try folder.write("bad.md", [0xff])
    #expect(throws: CorpusError.self) { try add([bad]) }
    #expect(try store.list() == before)
  }
}
