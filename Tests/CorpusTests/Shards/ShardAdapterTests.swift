import CBOR
import Foundation
import GGUF
import TestSupport
import Testing

@testable import Corpus

@Suite("A shard with an adapter")
struct ShardAdapterTests {
  private static let fixtures = PackageFolder.root.appending(
    path: "Tests/InferenceTests/Fixtures")
  private static let path = fixtures.appendingPathComponent("chat-tiny-first.gguf").path
  private static let model = fixtures.appendingPathComponent("chat-tiny.gguf").path

  private static func base(_ architecture: String = "llama") -> ShardAdapter.BaseModel {
    .init(architecture: architecture, name: "chat-tiny", file: Digest(sha256: [1]))
  }

  private static func pack(_ folder: TemporaryFolder) throws -> PackedShard {
    try ShardPacker.pack(
      directory: folder.path + "/docs", name: "Harbour", license: "CC0-1.0",
      identity: ShardSamples.identity(), adapter: PackedAdapter(path: path, base: base()),
      created: 1_790_000_000)
  }

  /// A shard whose manifest says that `bytes` are an adapter, and what is wrong with it.
  private static func problems(
    _ bytes: [UInt8], _ edit: (inout ShardAdapter) -> Void = { _ in }
  ) throws -> [ShardProblem] {
    let folder = try ShardSamples.folder()
    let plain = try ShardSamples.pack(folder)
    var manifest = plain.manifest
    var adapter = ShardAdapter(
      name: "a.gguf", byteCount: bytes.count, sha256: Digest(sha256: bytes), base: base())
    edit(&adapter)
    manifest.adapter = adapter
    let frames = plain.bytes.suffix(manifest.documents.reduce(0) { $0 + $1.frameByteCount })
    let shard = try ShardSamples.write(manifest, Array(frames) + bytes)
    return ShardFile.verify(try folder.write("a", shard)).problems
  }

  @Test("verifies, installs, and gives its documents and the adapter back")
  func roundTrip() throws {
    let folder = try ShardSamples.folder()
    let packed = try Self.pack(folder)
    let path = folder.path + "/a.shard"
    try packed.write(to: path)
    #expect(ShardFile.verify(path) == .valid(packed.manifest))
    let store = try ShardStore(folder: folder.path + "/shards")
    let installed = try store.install(path)
    #expect(installed.manifest.adapter?.base == Self.base())
    #expect(installed.manifest.adapter?.name == "chat-tiny-first.gguf")
    #expect(try store.adapter(installed.root) == DurableFile.read(Self.path, maximumBytes: 1 << 20))
    for (name, text) in ShardSamples.texts {
      #expect(try store.document(installed.root, name) == Array(text.utf8))
    }
    #expect(try Self.pack(folder).bytes == packed.bytes)
  }

  /// The hash was computed from the format's description in Python, without this code.
  @Test("differs from one without, whose manifest has the bytes that it always had")
  func oldBytes() throws {
    var manifest = ShardManifest(
      name: "n", license: "l", contributor: try #require(ContributorKey(bytes: Self.key)),
      contributorName: "c", created: 1,
      documents: [
        ShardDocument(
          path: "a.md", byteCount: 2, sha256: Digest(sha256: []), frameOffset: 0,
          frameByteCount: 3, frameSHA256: Digest(sha256: []))
      ])
    #expect(manifest.root.hex == Self.oldRoot)
    manifest.adapter = ShardAdapter(
      name: "a.gguf", byteCount: 1, sha256: Digest(sha256: []), base: Self.base())
    #expect(Array(manifest.encode().prefix(3)) == [0xa8, 1, 2])
    #expect(try ShardManifest.decode(manifest.encode()) == manifest)
  }

  private static let key = [UInt8](repeating: 7, count: 32)
  private static let oldRoot = "78b2838aaf7d011083042bd26402d1ce2c27dca25cf4190deff0ec573df10d93"

  @Test("is refused by a reader of version 1, and neither version takes the other's fields")
  func versions() throws {
    let folder = try ShardSamples.folder()
    func refusal(_ manifest: ShardManifest, _ edit: (inout CBORMap) -> Void) throws -> String {
      guard case .map(var fields) = try CBOR.decode(manifest.encode()) else { return "no map" }
      edit(&fields)
      let error = #expect(throws: CBORError.self) {
        try ShardManifest.decode(CBOR.map(fields).encode())
      }
      return error.map { "\($0)" } ?? ""
    }
    let (plain, changed) = (
      try ShardSamples.pack(folder).manifest, try Self.pack(folder).manifest
    )
    #expect(try refusal(changed) { $0[1] = 1 }.contains("key 8"))
    #expect(try refusal(plain) { $0[1] = 2 }.contains("manifest.adapter"))
    #expect(try refusal(changed) { $0[1] = 3 }.contains("format version"))
    #expect(try refusal(changed) { $0[9] = 1 }.contains("key 9"))
  }

  @Test("with a flipped bit in the adapter, or a part of it missing, is refused by its name")
  func damage() throws {
    let folder = try ShardSamples.folder()
    let packed = try Self.pack(folder)
    let size = try #require(packed.manifest.adapter?.byteCount)
    let start = packed.bytes.count - size
    for index in stride(from: start, to: packed.bytes.count, by: 97) {
      var damaged = packed.bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      let path = try folder.write("damaged", damaged)
      #expect(
        ShardFile.verify(path).problems == [.adapterMismatch(name: "chat-tiny-first.gguf")])
    }
    let short = try folder.write("short", Array(packed.bytes.dropLast()))
    #expect(ShardFile.verify(short).problems.contains { "\($0)".contains("truncated") })
    let long = try folder.write("long", packed.bytes + [0])
    #expect(
      ShardFile.verify(long).problems == [.trailingBytes(at: packed.bytes.count, count: 1)])
  }

  @Test("whose adapter is something else is refused by field, with what was found and expected")
  func content() throws {
    let adapter = try DurableFile.read(Self.path, maximumBytes: 1 << 20)
    let model = try DurableFile.read(Self.model, maximumBytes: 1 << 20)
    #expect(try Self.problems(adapter).isEmpty)
    #expect(
      try Self.problems(adapter) { $0.base.architecture = "qwen2" } == [
        .badAdapter(
          name: "a.gguf", reason: "general.architecture: found llama, expected qwen2")
      ])
    let kind = try Self.problems(model)
    #expect("\(kind)".contains("general.type"), "\(kind)")
    let text = try Self.problems(Array("no GGUF file".utf8))
    guard case .badAdapter(name: "a.gguf", reason: _) = text.first else {
      Issue.record("\(text)")
      return
    }
    let name = try Self.problems(adapter) { $0.name = "../a.gguf" }
    #expect("\(name)".contains("manifest.adapter.name"), "\(name)")
  }

  @Test("is not packed with a file that is too large, or no adapter of the base")
  func packing() throws {
    var limits = ShardLimits()
    limits.adapterBytes = 100
    #expect(throws: CorpusError.self) {
      try PackedAdapter(path: Self.path, base: Self.base(), limits: limits)
    }
    let error = #expect(throws: GGUFError.self) {
      try PackedAdapter(path: Self.path, base: Self.base("gemma2"))
    }
    #expect(error?.field == "general.architecture" && error?.found == "llama")
    #expect(throws: GGUFError.self) { try PackedAdapter(path: Self.model, base: Self.base()) }
  }

  @Test("is for the file that it names, or for every file of that model")
  func bases() {
    let file = Self.base()
    var other = file
    other.file = Digest(sha256: [2])
    #expect(file.includes(file) && !file.includes(other))
    var any = file
    any.file = nil
    #expect(any.includes(file) && any.includes(other))
    other.name = "another"
    #expect(!any.includes(other))
  }
}
